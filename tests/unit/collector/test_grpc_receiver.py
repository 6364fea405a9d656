"""OTLP over gRPC, on a real port."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.grpc_receiver import AddressTaken, start_grpc
from collector.receiving import MAX_REQUEST_BYTES, Receive
from storage.contract import StoreError
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake, intake
from tests.unit.collector.listening import serving_grpc

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


@asynccontextmanager
async def calling(receive: Receive) -> AsyncIterator[Call]:
    options = [("grpc.max_send_message_length", -1)]
    async with (
        serving_grpc(receive) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel,
    ):
        call: Call = channel.unary_unary(METHOD, bytes, bytes)
        yield call


def run(
    scenario: Callable[[Intake, Call], Awaitable[None]],
    store: HeldStore | None = None,
    max_bytes: int = 1 << 28,
) -> None:
    async def within() -> None:
        async with (
            intake(store or HeldStore(), max_bytes=max_bytes) as held,
            calling(held.receiver.export) as call,
        ):
            await scenario(held, call)

    asyncio.run(asyncio.wait_for(within(), 60))


async def refusal(call: Call, payload: bytes) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(payload)
    return caught.value


def trailers_of(error: grpc.aio.AioRpcError) -> dict[str, bytes]:
    # The stubs give the type of the synchronous API.
    trailers = cast("grpc.aio.Metadata", error.trailing_metadata())
    return {key: value for key, value in trailers if isinstance(value, bytes)}


def test_stored_first_then_acknowledged() -> None:
    async def scenario(held: Intake, call: Call) -> None:
        held.store.gate.clear()
        export = asyncio.ensure_future(call(request(span())))
        await held.store.is_entered()
        done, _ = await asyncio.wait([export], timeout=0.05)
        assert not done
        held.store.gate.set()
        assert await export == b""
        assert held.store.status().spans == 1

    run(scenario)


def test_requests_share_a_commit() -> None:
    async def scenario(held: Intake, call: Call) -> None:
        held.store.gate.clear()
        first = asyncio.ensure_future(call(request(span(trace=100))))
        await held.store.is_entered()
        rest = [asyncio.ensure_future(call(request(span(trace=n)))) for n in range(1, 6)]
        while held.waiting < 6:
            await asyncio.sleep(0.01)
        held.store.gate.set()
        await asyncio.gather(first, *rest)
        assert held.store.tried == [1, 5]

    run(scenario)


def test_garbage_is_an_invalid_argument_with_a_sentence() -> None:
    async def scenario(_: Intake, call: Call) -> None:
        for garbage in (b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", request(span())[:-1]):
            error = await refusal(call, garbage)
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "ExportTraceServiceRequest" in (error.details() or "")
            status = Status.FromString(trailers_of(error)["grpc-status-details-bin"])
            assert (status.code, status.message) == (3, error.details())
            assert "google.rpc.retryinfo-bin" not in trailers_of(error)
        assert await call(request(span())) == b""

    run(scenario)


def test_bad_spans_are_a_partial_success() -> None:
    async def scenario(held: Intake, call: Call) -> None:
        answer = await call(request(span(), span(trace=0)))
        response = ExportTraceServiceResponse.FromString(answer)
        assert response.partial_success.rejected_spans == 1
        assert "trace_id" in response.partial_success.error_message
        assert held.store.status().spans == 1

    run(scenario)


def check_told_to_wait(error: grpc.aio.AioRpcError) -> None:
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    trailers = trailers_of(error)
    status, told = Status.FromString(trailers["grpc-status-details-bin"]), RetryInfo()
    assert status.code == 14
    assert status.details[0].Unpack(told)
    assert told.retry_delay.seconds == 1
    assert RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"]).retry_delay.seconds == 1


def test_overload_is_unavailable_with_both_trailers() -> None:
    async def scenario(held: Intake, call: Call) -> None:
        held.store.gate.clear()
        first = asyncio.ensure_future(call(request(span())))
        await held.store.is_entered()
        check_told_to_wait(await refusal(call, request(span(trace=2))))
        held.store.gate.set()
        await first

    run(scenario, max_bytes=1)


def test_a_store_that_cannot_commit_is_unavailable_with_both_trailers() -> None:
    def fail(_: SpanBatch) -> None:
        raise StoreError("The disk is full.")

    async def scenario(_: Intake, call: Call) -> None:
        error = await refusal(call, request(span()))
        check_told_to_wait(error)
        assert error.details() == "The disk is full."

    run(scenario, HeldStore(fail))


def test_a_fault_of_ours_is_internal_and_the_server_goes_on() -> None:
    async def receive(payload: bytes) -> bytes:
        if payload:
            raise ZeroDivisionError("inside")
        return b""

    async def within() -> None:
        async with calling(receive) as call:
            error = await refusal(call, b"x")
            assert error.code() is grpc.StatusCode.INTERNAL
            assert "inside" not in (error.details() or "")
            assert await call(b"") == b""

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_cancelled_call_is_stored_all_the_same() -> None:
    async def scenario(held: Intake, call: Call) -> None:
        held.store.gate.clear()
        export = call(request(span()))
        waiting = asyncio.ensure_future(export)
        await held.store.is_entered()
        assert export.cancel()
        await asyncio.wait([waiting])
        held.store.gate.set()
        await held.receiver.drain()
        assert held.store.status().spans == 1

    run(scenario)


def test_64_mib_pass_and_one_byte_more_does_not() -> None:
    async def count(payload: bytes) -> bytes:
        return str(len(payload)).encode()

    async def within() -> None:
        async with calling(count) as call:
            assert await call(bytes(MAX_REQUEST_BYTES)) == str(64 * 2**20).encode()
            error = await refusal(call, bytes(MAX_REQUEST_BYTES + 1))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert trailers_of(error) == {}  # sending it again does not help
            assert await call(b"") == b"0"

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_gzipped_call_is_understood() -> None:
    async def scenario(held: Intake, call: Call) -> None:
        await call(request(span()), compression=grpc.Compression.Gzip)
        assert held.store.status().spans == 1

    run(scenario)


def test_a_taken_port_is_one_sentence() -> None:
    async def within() -> None:
        async with intake(HeldStore()) as held, serving_grpc(held.receiver.export) as port:
            with pytest.raises(AddressTaken, match=f"127.0.0.1:{port}: Address already in use"):
                await start_grpc(f"127.0.0.1:{port}", held.receiver.export)

    asyncio.run(asyncio.wait_for(within(), 60))


@pytest.mark.parametrize("address", ["no.such.host.invalid:4317", "127.0.0.1:ssh!", "[::1"])
def test_an_address_that_is_none_is_one_sentence(address: str) -> None:
    async def within() -> None:
        async with intake(HeldStore()) as held:
            with pytest.raises(AddressTaken) as caught:
                await start_grpc(address, held.receiver.export)
            assert address in str(caught.value)

    asyncio.run(asyncio.wait_for(within(), 60))
