"""Connections of gRPC clients: many calls at once, age, the server's end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from collector.grpc_receiver import MOST_CALLS, SERVICE, start_grpc
from collector.receiving import Receive


@asynccontextmanager
async def calling(
    receive: Receive, **settings: float
) -> AsyncIterator[tuple[grpc.aio.Server, Any]]:
    """A server, and its Export over one channel."""
    server, port = await start_grpc("127.0.0.1:0", receive, **settings)  # type: ignore[arg-type] # mypy takes the mapping for every argument
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            export = channel.unary_unary(
                f"/{SERVICE}/Export", request_serializer=None, response_deserializer=None
            )
            yield server, export
    finally:
        await server.stop(None)


async def echo(payload: bytes) -> bytes:
    await asyncio.sleep(0)
    return payload


def test_hundreds_of_calls_at_once_over_one_connection_are_answered() -> None:
    async def within() -> None:
        async with calling(echo) as (_, call):
            sent = [b"%d" % number for number in range(500)]
            assert await asyncio.gather(*(call(payload) for payload in sent)) == sent

    asyncio.run(asyncio.wait_for(within(), 60))


def test_calls_over_the_limit_of_a_connection_wait_and_none_is_lost() -> None:
    async def within() -> None:
        started, full, proceed = 0, asyncio.Event(), asyncio.Event()

        async def held(payload: bytes) -> bytes:
            nonlocal started
            started += 1
            if started == MOST_CALLS:
                full.set()
            await proceed.wait()
            return payload

        async with calling(held) as (_, call):
            sent = [b"%d" % number for number in range(MOST_CALLS + 100)]
            under_way = asyncio.gather(*(call(payload) for payload in sent))
            await full.wait()
            await asyncio.sleep(0.2)
            assert started == MOST_CALLS
            proceed.set()
            assert await under_way == sent

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_connection_that_has_grown_old_is_replaced_without_a_failed_call() -> None:
    async def within() -> None:
        async with calling(echo, connection_age_seconds=0.2) as (_, call):
            for _ in range(60):  # through several of them
                assert await call(b"x") == b"x"
                await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(within(), 60))


def test_the_end_waits_for_calls_under_way_and_takes_no_new_ones() -> None:
    async def within() -> None:
        entered, proceed = asyncio.Event(), asyncio.Event()

        async def held(payload: bytes) -> bytes:
            entered.set()
            await proceed.wait()
            return payload

        async with calling(held) as (server, call):
            under_way = asyncio.ensure_future(call(b"x"))
            await entered.wait()
            stopping = asyncio.create_task(server.stop(30))
            await asyncio.sleep(0.05)
            late = call(b"y", timeout=20)
            await asyncio.sleep(0.05)
            proceed.set()
            assert await under_way == b"x"
            await stopping
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await late
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

    asyncio.run(asyncio.wait_for(within(), 60))


def test_the_end_does_not_wait_for_a_call_that_hangs() -> None:
    async def within() -> None:
        entered = asyncio.Event()

        async def hang(payload: bytes) -> bytes:
            entered.set()
            await asyncio.Event().wait()
            return payload

        async with calling(hang) as (server, call):
            hanging = asyncio.ensure_future(call(b"x"))
            await entered.wait()
            await server.stop(0.1)
            with pytest.raises(grpc.aio.AioRpcError):
                await hanging

    asyncio.run(asyncio.wait_for(within(), 60))
