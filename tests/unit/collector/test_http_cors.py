"""Which pages in browsers may send."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from collector.admission import Overloaded
from collector.http_cors import CrossOrigin
from collector.http_counting import CountedAnswers
from collector.http_receiver import http_app
from tests.unit.collector.kept_requests import JSON, KeptRequests

SHOP = "https://shop.example"
ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}

Send = Callable[..., Awaitable[httpx.Response]]


def run(
    scenario: Callable[[KeptRequests, Send], Awaitable[None]],
    *origins: str,
    outcome: bytes | Exception = b"",
) -> None:
    async def within() -> None:
        kept = KeptRequests(outcome)
        transport = httpx.ASGITransport(CrossOrigin(http_app(kept), origins))
        async with httpx.AsyncClient(transport=transport, base_url="http://otlp") as client:

            async def send(method: str, **headers: str) -> httpx.Response:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, "/v1/traces", headers=named, content=b"{}")

            await scenario(kept, send)

    asyncio.run(asyncio.wait_for(within(), 60))


def leave_of(response: httpx.Response) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in response.headers.items()
        if name.startswith("access-control-")
    }


def test_without_origins_no_page_is_let_through() -> None:
    async def scenario(kept: KeptRequests, send: Send) -> None:
        preflight = await send("OPTIONS", origin=SHOP, **ASKS)
        assert preflight.status_code == 405
        assert leave_of(preflight) == {}
        # The request itself cannot be kept away: browsers send simple ones unasked.
        response = await send("POST", origin=SHOP, content_type="text/plain")
        assert response.status_code == 415
        assert leave_of(response) == {}
        assert kept.payloads == []

    run(scenario)


def test_a_page_of_a_given_origin_may_send_with_credentials() -> None:
    async def scenario(kept: KeptRequests, send: Send) -> None:
        preflight = await send("OPTIONS", origin=SHOP, **ASKS)
        assert (preflight.status_code, preflight.content) == (204, b"")
        assert preflight.headers["vary"] == "Origin"
        assert leave_of(preflight) == {
            "allow-origin": SHOP,
            "allow-credentials": "true",
            "allow-methods": "POST",
            "allow-headers": "content-type",
            "max-age": "7200",
        }
        response = await send("POST", origin=SHOP, content_type=JSON)
        assert response.status_code == 200
        assert leave_of(response)["allow-origin"] == SHOP
        assert kept.payloads == [b""]

    run(scenario, "http://other.example:8080", SHOP)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://shop.example", SHOP + ":8443", SHOP + ".evil.example", "null"],
)
def test_a_page_of_another_origin_gets_no_leave(origin: str) -> None:
    async def scenario(_: KeptRequests, send: Send) -> None:
        for response in (
            await send("OPTIONS", origin=origin, **ASKS),
            await send("POST", origin=origin, content_type=JSON),
        ):
            assert leave_of(response) == {}
            assert response.headers["vary"] == "Origin"

    run(scenario, SHOP)


def test_any_origin_is_let_through_without_credentials_only() -> None:
    async def scenario(_: KeptRequests, send: Send) -> None:
        for response in (
            await send("OPTIONS", origin="https://any.example", **ASKS),
            await send("POST", origin="https://any.example", content_type=JSON),
        ):
            leave = leave_of(response)
            assert leave["allow-origin"] == "*"
            assert "allow-credentials" not in leave
        assert leave_of(await send("POST", origin=SHOP, content_type=JSON))["allow-origin"] == SHOP

    run(scenario, "*", SHOP)


def test_a_page_can_read_refusals_and_when_to_try_again() -> None:
    async def scenario(_: KeptRequests, send: Send) -> None:
        response = await send("POST", origin=SHOP, content_type=JSON)
        assert response.status_code == 503
        leave = leave_of(response)
        assert leave["allow-origin"] == SHOP
        assert leave["expose-headers"] == "Retry-After"

    run(scenario, SHOP, outcome=Overloaded("Full."))


def test_options_that_is_no_preflight_and_senders_that_are_no_browsers_are_as_ever() -> None:
    async def scenario(_: KeptRequests, send: Send) -> None:
        assert (await send("OPTIONS", origin=SHOP)).status_code == 405
        response = await send("POST", content_type=JSON)
        assert response.status_code == 200
        assert leave_of(response) == {}

    run(scenario, SHOP)


def test_answers_are_counted_by_status() -> None:
    async def within() -> None:
        counted = CountedAnswers(http_app(KeptRequests()))
        transport = httpx.ASGITransport(counted)
        async with httpx.AsyncClient(transport=transport, base_url="http://otlp") as client:
            for _ in range(2):
                await client.post("/v1/traces", headers={"content-type": JSON}, content=b"{}")
            await client.get("/nowhere")
        assert counted.counts == {200: 2, 404: 1}

    asyncio.run(asyncio.wait_for(within(), 60))
