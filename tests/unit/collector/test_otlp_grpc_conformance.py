"""What OTLP asks of a gRPC server, and what reference receivers are tested for."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from contextlib import suppress

import grpc
import grpc.aio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.admission import Overloaded
from collector.decoded import UndecodableRequest, decode_request
from collector.grpc_receiver import SERVICE, start_grpc
from collector.python_decoder import PythonDecoder
from collector.receiving import MAX_REQUEST_BYTES, Receive
from collector.responses import success
from tests.builders import request, span
from tests.unit.collector.http2_frames import call_raw, status_of
from tests.unit.collector.kept_requests import KeptRequests
from tests.unit.collector.listening import serving_grpc

Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
_TAKEN_OR_BAD = (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT)
_OK, _UNIMPLEMENTED, _INTERNAL = 0, 12, 13


def run(receive: Receive, scenario: Callable[[int, Call], Awaitable[None]]) -> None:
    async def within() -> None:
        options = [("grpc.max_send_message_length", -1)]
        async with (
            serving_grpc(receive) as port,
            grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel,
        ):
            await scenario(port, channel.unary_unary(f"/{SERVICE}/Export", bytes, bytes))

    asyncio.run(asyncio.wait_for(within(), 60))


async def code_of(
    call: Call, payload: bytes, compression: grpc.Compression | None = None
) -> grpc.StatusCode:
    answered = call(payload, compression=compression)
    with suppress(grpc.aio.AioRpcError):
        await answered
    return await answered.code()


def test_an_empty_request_succeeds() -> None:
    kept = KeptRequests()

    async def scenario(_: int, call: Call) -> None:
        assert await call(b"") == b""

    run(kept, scenario)
    assert kept.payloads == [b""]


def test_good_retryable_permanent_good_have_their_codes() -> None:
    kept = KeptRequests()

    async def scenario(_: int, call: Call) -> None:
        codes = []
        for outcome in (b"", Overloaded("Full."), UndecodableRequest("Cut."), b""):
            kept.outcome = outcome
            codes.append((await code_of(call, request(span()))).name)
        assert codes == ["OK", "UNAVAILABLE", "INVALID_ARGUMENT", "OK"]

    run(kept, scenario)


def test_rejected_spans_are_told() -> None:
    async def scenario(_: int, call: Call) -> None:
        told = ExportTraceServiceResponse.FromString(await call(request(span())))
        assert told.partial_success.rejected_spans == 3
        assert told.partial_success.error_message == "3 × trace_id"

    run(KeptRequests(success(3, "3 × trace_id")), scenario)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_64_mib_after_decompression_pass_and_one_byte_more_does_not(
    compression: grpc.Compression,
) -> None:
    kept = KeptRequests()

    async def scenario(_: int, call: Call) -> None:
        code = await code_of(call, bytes(MAX_REQUEST_BYTES), compression=compression)
        assert code is grpc.StatusCode.OK
        code = await code_of(call, bytes(MAX_REQUEST_BYTES + 1), compression=compression)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await code_of(call, b"") is grpc.StatusCode.OK

    run(kept, scenario)
    assert [len(payload) for payload in kept.payloads] == [MAX_REQUEST_BYTES, 0]


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_call_is_understood(compression: grpc.Compression) -> None:
    kept = KeptRequests()

    async def scenario(_: int, call: Call) -> None:
        assert await call(request(span()), compression=compression) == b""

    run(kept, scenario)
    assert kept.payloads == [request(span())]


PACKED = gzip.compress(request(span()))


@pytest.mark.parametrize(
    ("payload", "encoding"),
    [
        (b"plain", "gzip"),
        (PACKED[:-1], "gzip"),
        (PACKED[:-8] + b"\0" * 8, "gzip"),
        (PACKED, "identity"),
        (PACKED, "zstd"),
    ],
    ids=["plain", "cut", "damaged", "not announced", "unknown encoding"],
)
def test_a_message_not_of_its_encoding_is_refused_and_harms_nobody(
    payload: bytes, encoding: str
) -> None:
    kept = KeptRequests()

    async def scenario(port: int, call: Call) -> None:
        answer = await asyncio.to_thread(call_raw, port, payload, encoding=encoding, packed=True)
        assert status_of(answer) == _INTERNAL  # gRPC's own word for it
        answer = await asyncio.to_thread(call_raw, port, PACKED, encoding="gzip", packed=True)
        assert status_of(answer) == _OK
        assert await call(b"") == b""

    run(kept, scenario)
    assert kept.payloads == [request(span()), b""]


@pytest.mark.parametrize(
    "method",
    [f"/{SERVICE}/Import", "/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export"],
)
def test_what_is_not_there_is_unimplemented(method: str) -> None:
    async def within() -> None:
        async with (
            serving_grpc(KeptRequests()) as port,
            grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            code = await code_of(channel.unary_unary(method, bytes, bytes), b"")
            assert code.value[0] == _UNIMPLEMENTED

    asyncio.run(asyncio.wait_for(within(), 60))


def test_nothing_is_taken_after_the_end() -> None:
    kept = KeptRequests()

    async def within() -> None:
        server, port = await start_grpc("127.0.0.1:0", kept)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call: Call = channel.unary_unary(f"/{SERVICE}/Export", bytes, bytes)
            assert await call(b"") == b""
            await server.stop(None)
            assert await code_of(call, b"late") is grpc.StatusCode.UNAVAILABLE

    asyncio.run(asyncio.wait_for(within(), 60))
    assert kept.payloads == [b""]


def test_any_bytes_are_taken_or_the_senders_fault() -> None:
    decoder = PythonDecoder()

    async def decode(payload: bytes) -> bytes:
        decoded = decode_request(decoder, payload)
        return success(decoded.rejected, decoded.reasons)

    async def scenario(port: int, _: Call) -> None:
        def try_any() -> None:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = channel.unary_unary(f"/{SERVICE}/Export", bytes, bytes)

                @settings(max_examples=200, deadline=None)
                @given(st.binary(max_size=200))
                def try_one(payload: bytes) -> None:
                    answered = call.future(payload)
                    assert answered.code() in _TAKEN_OR_BAD

                try_one()

        await asyncio.to_thread(try_any)

    run(decode, scenario)
