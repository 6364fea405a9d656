"""What stands before OTLP/HTTP."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status
from starlette.responses import PlainTextResponse

from collector.access import Gate, Tokens
from collector.hosts import AllowedHosts
from collector.http_access import HttpGuard

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json; charset=utf-8"}


def ask(
    headers: dict[str, str], *, method: str = "POST", token: str | None = "right"
) -> httpx.Response:
    async def within() -> httpx.Response:
        gate = None if token is None else Gate(lambda: Tokens(token), 0)
        guard = HttpGuard(PlainTextResponse("inside"), gate, AllowedHosts("127.0.0.1"))
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, "/v1/traces", headers=headers, content=b"x")

    return asyncio.run(within())


@pytest.mark.parametrize(
    "shown", [{}, {"authorization": "Bearer left"}, {"authorization": "right"}]
)
def test_without_the_token_it_is_401_with_a_status_in_the_requests_encoding(
    shown: dict[str, str],
) -> None:
    protobuf, plain = ask(PROTOBUF | shown), ask(JSON | shown)

    assert protobuf.status_code == plain.status_code == 401
    assert protobuf.headers["www-authenticate"] == 'Bearer realm="tracestitch"'
    assert protobuf.headers["content-type"] == "application/x-protobuf"
    status = Status.FromString(protobuf.content)
    assert status.code == 16
    assert plain.headers["content-type"] == "application/json"
    assert json.loads(plain.content) == {"code": 16, "message": status.message}


def test_with_the_token_it_passes() -> None:
    assert ask(PROTOBUF | {"authorization": "Bearer right"}).text == "inside"


def test_a_browser_may_ask_whether_it_may_send() -> None:
    assert ask({"origin": "http://localhost:3000"}, method="OPTIONS").text == "inside"


def test_the_body_is_not_read_before_the_token_was_seen() -> None:
    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("it was read")

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    guard = HttpGuard(
        PlainTextResponse("inside"), Gate(lambda: Tokens("right"), 0), AllowedHosts("127.0.0.1")
    )
    scope = {"type": "http", "method": "POST", "path": "/v1/traces", "headers": []}
    asyncio.run(guard(scope, receive, send))

    assert sent[0]["status"] == 401


def test_a_page_under_a_foreign_name_is_turned_away_and_an_exporter_is_not() -> None:
    foreign = {"host": "evil.example:4318"}
    page = ask(JSON | foreign | {"origin": "http://evil.example:4318"}, token=None)

    assert page.status_code == 421
    assert "evil.example" in page.json()["message"]
    assert ask(PROTOBUF | foreign, token=None).text == "inside"
    assert ask(JSON | {"origin": "http://localhost:4318"}, token=None).text == "inside"
