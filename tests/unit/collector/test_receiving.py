"""From bytes to the answer, whatever brought them."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.admission import Overloaded
from collector.compression import CorruptBody, TooLarge
from collector.decoded import Decoded, UndecodableRequest
from collector.receiving import Receiver
from collector.writer import Writer
from storage.contract import StoreError
from storage.schema import SpanBatch, empty_batch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake, intake


def run(scenario: Callable[[Intake], Awaitable[None]], store: HeldStore | None = None) -> None:
    async def within() -> None:
        async with intake(store or HeldStore()) as held:
            await scenario(held)

    asyncio.run(asyncio.wait_for(within(), 60))


def test_full_success_says_nothing() -> None:
    async def scenario(held: Intake) -> None:
        assert await held.receiver.export(request(span())) == b""
        assert held.store.status().spans == 1

    run(scenario)


def test_bad_spans_are_left_out_one_by_one() -> None:
    async def scenario(held: Intake) -> None:
        answer = await held.receiver.export(
            request(span(trace=1), span(trace=0), span(id=0), span(trace=2))
        )
        response = ExportTraceServiceResponse.FromString(answer)
        assert response.partial_success.rejected_spans == 2
        assert "trace_id" in response.partial_success.error_message
        assert "span_id" in response.partial_success.error_message
        assert held.store.status().traces == 2

    run(scenario)


def test_a_request_without_a_good_span_asks_nothing_of_the_store() -> None:
    def refuse(_: SpanBatch) -> None:
        raise StoreError("The store is closed.")

    async def scenario(held: Intake) -> None:
        assert await held.receiver.export(b"") == b""
        answer = await held.receiver.export(request(span(trace=0)))
        assert ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans == 1
        assert held.store.tried == []

    run(scenario, HeldStore(refuse))


def test_a_gzipped_request_is_unpacked() -> None:
    async def scenario(held: Intake) -> None:
        packed = gzip.compress(request(span()))
        assert await held.receiver.export(packed, gzipped=True) == b""
        assert held.store.status().spans == 1
        with pytest.raises(CorruptBody):
            await held.receiver.export(packed[:-1], gzipped=True)

    run(scenario)


def test_an_undecodable_request_is_refused_and_the_next_one_taken() -> None:
    async def scenario(held: Intake) -> None:
        with pytest.raises(UndecodableRequest):
            await held.receiver.export(b"\xff" * 20)
        await held.receiver.export(request(span()))

    run(scenario)


def test_a_cancelled_request_is_stored_all_the_same() -> None:
    async def scenario(held: Intake) -> None:
        export = asyncio.create_task(held.receiver.export(request(span())))
        await asyncio.sleep(0)  # it has begun, but is not decoded
        export.cancel()
        with pytest.raises(asyncio.CancelledError):
            await export
        await held.receiver.drain()
        assert held.store.status().spans == 1

    run(scenario)


def test_a_cancelled_request_that_fails_leaves_no_loose_end() -> None:
    """An exception that nobody looked at would be reported by the loop's handler."""

    async def scenario(held: Intake) -> None:
        complaints: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context["message"])
        )
        export = asyncio.create_task(held.receiver.export(b"\xff"))
        await asyncio.sleep(0)
        export.cancel()
        await asyncio.wait([export])
        await held.receiver.drain()
        await asyncio.sleep(0)
        assert complaints == []

    run(scenario)


def test_what_comes_after_the_end_is_told_to_try_again() -> None:
    async def scenario(held: Intake) -> None:
        await held.receiver.export(request(span()))
        await held.receiver.drain()
        held.writer.stop()
        with pytest.raises(Overloaded, match="shutting down"):
            await held.receiver.export(request(span(trace=2)))

    run(scenario)


class Measure:
    """A decoder that tells the size of what it got."""

    name = "measure"

    def decode(self, payload: bytes) -> Decoded:
        return Decoded(empty_batch(), 0, 1, str(len(payload)))


def test_64_mib_after_unpacking_pass_and_one_byte_more_does_not() -> None:
    async def scenario() -> None:
        receiver = Receiver(Measure(), Writer(HeldStore(), on_commit=lambda: None))
        answer = await receiver.export(gzip.compress(bytes(64 << 20), 1), gzipped=True)
        response = ExportTraceServiceResponse.FromString(answer)
        assert response.partial_success.error_message == str(64 << 20)
        with pytest.raises(TooLarge, match="67,108,864 bytes"):
            await receiver.export(gzip.compress(bytes((64 << 20) + 1), 1), gzipped=True)
        await receiver.drain()

    asyncio.run(asyncio.wait_for(scenario(), 60))


class SlowDecoder:
    name = "slow"

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.proceed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def decode(self, payload: bytes) -> Decoded:
        self._loop.call_soon_threadsafe(self.begun.set)
        asyncio.run_coroutine_threadsafe(self.proceed.wait(), self._loop).result(30)
        raise UndecodableRequest(f"{len(payload)} bytes")


def test_requests_that_wait_for_decoding_are_bounded_too() -> None:
    async def scenario() -> None:
        decoder = SlowDecoder()
        writer = Writer(HeldStore(), on_commit=lambda: None)
        receiver = Receiver(decoder, writer, max_bytes=10, patience=0.02)
        first = asyncio.create_task(receiver.export(bytes(10)))
        await decoder.begun.wait()
        with pytest.raises(Overloaded):
            await receiver.export(b"1")
        decoder.proceed.set()
        with pytest.raises(UndecodableRequest):
            await first
        with pytest.raises(UndecodableRequest):
            await receiver.export(b"1")
        await receiver.drain()

    asyncio.run(asyncio.wait_for(scenario(), 60))
