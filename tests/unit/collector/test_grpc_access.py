"""The token before OTLP/gRPC, on a real port."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc.status_pb2 import Status

from collector.access import Gate, Tokens
from collector.grpc_access import TokenInterceptor
from collector.grpc_receiver import SERVICE, start_grpc

Metadata = list[tuple[str, str]]


async def echo(payload: bytes) -> bytes:
    return payload


def export(metadata: Metadata, payload: bytes = b"x", method: str = "Export") -> bytes:
    """The answer; raises RpcError."""

    async def within() -> bytes:
        gate = Gate(lambda: Tokens("right"), 0)
        server, port = await start_grpc("127.0.0.1:0", echo, interceptors=[TokenInterceptor(gate)])
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = channel.unary_unary(
                    f"/{SERVICE}/{method}", request_serializer=None, response_deserializer=None
                )
                answer: bytes = await call(payload, metadata=tuple(metadata), timeout=20)
                return answer
        finally:
            await server.stop(None)

    return asyncio.run(within())


def test_with_the_token_the_request_passes() -> None:
    assert export([("authorization", "Bearer right")], b"spans") == b"spans"


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        [("authorization", "Bearer wrong")],
        [("authorization", "right")],
        [("authorization", "Bearer right"), ("authorization", "Bearer right")],
        [("x-authorization", "Bearer right")],
    ],
)
@pytest.mark.parametrize("method", ["Export", "Unknown"])
def test_without_it_the_answer_is_unauthenticated_with_a_status(
    metadata: Metadata, method: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        export(metadata, bytes(1 << 20), method)

    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    trailers: Any = raised.value.trailing_metadata()
    status = Status.FromString(dict(trailers)["grpc-status-details-bin"])
    assert (status.code, status.message) == (16, raised.value.details())
