"""Receivers on real ports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from collector.grpc_receiver import start_grpc
from collector.http_connections import HEAD_BYTES, BoundedConnection
from collector.http_receiver import http_app
from collector.receiving import Receive
from tests.unit.collector.held_store import HeldStore, Intake, intake

Scenario = Callable[[Intake, int], Awaitable[None]]


@asynccontextmanager
async def serving_grpc(receive: Receive) -> AsyncIterator[int]:
    """The port of a gRPC receiver."""
    server, port = await start_grpc("127.0.0.1:0", receive)
    try:
        yield port
    finally:
        await server.stop(None)


@asynccontextmanager
async def serving_http(
    receive: Receive,
    connection: type[BoundedConnection] = BoundedConnection,
    **settings: Any,
) -> AsyncIterator[int]:
    """The port of an HTTP receiver; `settings` as of http_app."""
    config = uvicorn.Config(
        http_app(receive, **settings),
        http=connection,
        h11_max_incomplete_event_size=HEAD_BYTES,
        port=0,
        log_config=None,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


def run_grpc(scenario: Scenario, store: HeldStore | None = None) -> None:
    async def within() -> None:
        async with (
            intake(store or HeldStore()) as held,
            serving_grpc(held.receiver.export) as port,
        ):
            await scenario(held, port)

    asyncio.run(asyncio.wait_for(within(), 60))


def run_http(scenario: Scenario, store: HeldStore | None = None) -> None:
    async def within() -> None:
        async with (
            intake(store or HeldStore()) as held,
            serving_http(held.receiver.export) as port,
        ):
            await scenario(held, port)

    asyncio.run(asyncio.wait_for(within(), 60))
