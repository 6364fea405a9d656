"""HTTP listeners as guests on an event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import httpx
import pytest
from starlette.responses import PlainTextResponse

from tracestitch.config import Address
from tracestitch.listeners import HttpListener, bind


def run_listening(use: Callable[[HttpListener, str], Awaitable[None]]) -> None:
    async def scenario() -> None:
        bound = bind("--web-address", Address("127.0.0.1", 0))
        listener = HttpListener(PlainTextResponse("inside"), bound)
        await listener.wait_until_listening()
        try:
            await use(listener, f"http://127.0.0.1:{bound.getsockname()[1]}/")
        finally:
            await listener.stop()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_answers_have_the_date_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracestitch.listeners._TICK_SECONDS", 0.01)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("uvicorn.server.time", SimpleNamespace(time=lambda: clock.now))

    async def ask(_: HttpListener, address: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for clock.now, date in ((0.0, "00:00:00"), (61.0, "00:01:01")):
                while date not in (await client.get(address)).headers["date"]:
                    await asyncio.sleep(0.01)

    run_listening(ask)


def test_a_stop_does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracestitch.listeners._TICK_SECONDS", 1_000.0)

    async def stop(listener: HttpListener, address: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(address)).text == "inside"
        await listener.stop()
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(address)

    run_listening(stop)
