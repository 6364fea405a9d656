"""/readyz follows what happens to acknowledged data, on a real pipeline."""

import asyncio
from pathlib import Path

import httpx
from starlette.applications import Starlette

from storage.contract import StoreError
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, intake
from web.app import create_app

_TRIES = 600


async def answer_of(app: Starlette, path: str) -> tuple[int, str]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(path)
    return answer.status_code, answer.text


async def wait_for(app: Starlette, status: int) -> str:
    """What /readyz says once it has this status."""
    for _ in range(_TRIES):
        found, text = await answer_of(app, "/readyz")
        if found == status:
            return text
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {found}: {text}")


def test_it_is_not_ready_from_a_refused_commit_until_one_is_not_refused(tmp_path: Path) -> None:
    full = True

    def refuse(_: SpanBatch) -> None:
        if full:
            raise StoreError("The disk is full.")

    async def scenario() -> None:
        nonlocal full
        store = HeldStore(refuse)
        async with intake(store, tmp_path) as held:
            app = create_app(store, ready=held.receiver.check)
            assert await answer_of(app, "/readyz") == (200, "ok\n")

            await held.receiver.export(request(span(trace=1)))
            assert "The disk is full." in await wait_for(app, 503)
            assert await answer_of(app, "/healthz") == (200, "ok\n")

            full = False
            assert await wait_for(app, 200) == "ok\n"
            await held.receiver.flush()
            assert store.status().spans == 1

    asyncio.run(asyncio.wait_for(scenario(), 60))
