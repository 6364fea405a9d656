"""A Receive that keeps what it gets, and posts to the HTTP receiver that end there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from google.protobuf.json_format import Parse
from google.rpc.status_pb2 import Status

from collector.http_receiver import http_app

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

Post = Callable[..., Awaitable[httpx.Response]]


class KeptRequests:
    """Each payload is kept before `outcome` is given or raised; while `gate` is not set,
    answers wait."""

    def __init__(self, outcome: bytes | Exception = b"") -> None:
        self.payloads: list[bytes] = []
        self.outcome = outcome
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()

    async def __call__(self, payload: bytes) -> bytes:
        self.payloads.append(payload)
        self.entered.set()
        await self.gate.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def run_posts(
    scenario: Callable[[KeptRequests, Post], Awaitable[None]],
    outcome: bytes | Exception = b"",
    **settings: Any,
) -> None:
    """Calls the scenario with a `post` that never meets a socket; `settings` as of http_app."""

    async def within() -> None:
        kept = KeptRequests(outcome)
        transport = httpx.ASGITransport(http_app(kept, **settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://otlp") as client:

            async def post(
                body: bytes = b"",
                type_: str | None = PROTOBUF,
                encoding: str | None = None,
                method: str = "POST",
                path: str = "/v1/traces",
            ) -> httpx.Response:
                given = {"Content-Type": type_, "Content-Encoding": encoding}
                headers = [
                    (name.encode(), value.encode())
                    for name, value in given.items()
                    if value is not None
                ]
                return await client.request(method, path, content=body, headers=headers)

            await scenario(kept, post)

    asyncio.run(asyncio.wait_for(within(), 60))


def status_of(response: httpx.Response, http_status: int, type_: str = PROTOBUF) -> Status:
    """The body of a refusal, which must be a google.rpc.Status of this type."""
    assert response.status_code == http_status, response.content
    assert response.headers["content-type"] == type_
    status = (
        Parse(response.content, Status()) if type_ == JSON else Status.FromString(response.content)
    )
    assert status.code > 0
    assert status.message
    return status
