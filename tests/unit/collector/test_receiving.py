"""From bytes to the answer, whatever brought them."""

import asyncio
from collections.abc import Awaitable, Callable

import pyarrow as pa
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.admission import Overloaded
from collector.attribute_filter import drop_attributes
from collector.decoded import UndecodableRequest
from storage.contract import StoreError
from storage.schema import TRACE_IDS, SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldDecoder, HeldStore, Intake, intake

ONE = pa.table({"trace_hi": [0], "trace_lo": [1]}, TRACE_IDS)


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


def test_an_undecodable_request_is_refused_and_the_next_one_taken() -> None:
    async def scenario(held: Intake) -> None:
        with pytest.raises(UndecodableRequest):
            await held.receiver.export(b"\xff" * 20)
        await held.receiver.export(request(span()))

    run(scenario)


def test_what_is_to_be_left_out_is_gone_before_anything_is_kept() -> None:
    async def within() -> None:
        async with intake(HeldStore(), edit=drop_attributes(["password"])) as held:
            await held.receiver.export(
                request(span(attributes={"password": "hunter2", "user": "a"}))
            )
            (kept,) = held.store.spans_of(ONE).spans["attributes"].to_pylist()
            assert kept == '{"user":"a"}'
            with pytest.raises(UndecodableRequest):
                await held.receiver.export(b"password\xff")

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_request_cancelled_before_it_is_decoded_costs_nothing() -> None:
    async def within() -> None:
        decoder = HeldDecoder()
        async with intake(HeldStore(), decoder=decoder) as held:
            decoder.gate.clear()
            first = asyncio.create_task(held.receiver.export(request(span(trace=1))))
            await decoder.is_entered()
            export = asyncio.create_task(held.receiver.export(request(span(trace=2))))
            await asyncio.sleep(0)
            export.cancel()
            with pytest.raises(asyncio.CancelledError):
                await export
            decoder.gate.set()
            await first
            await held.receiver.drain()
        assert decoder.seen == [request(span(trace=1))]
        assert held.store.status().traces == 1

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_request_cancelled_while_it_is_decoded_is_stored_all_the_same() -> None:
    async def within() -> None:
        decoder = HeldDecoder()
        async with intake(HeldStore(), decoder=decoder) as held:
            decoder.gate.clear()
            export = asyncio.create_task(held.receiver.export(request(span())))
            await decoder.is_entered()
            export.cancel()
            with pytest.raises(asyncio.CancelledError):
                await export
            decoder.gate.set()
            await held.receiver.drain()
            assert held.store.status().spans == 1

    asyncio.run(asyncio.wait_for(within(), 60))


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
        await held.stop()
        with pytest.raises(Overloaded, match="shutting down"):
            await held.receiver.export(request(span(trace=2)))
        await held.stop()  # again: nothing happens

    run(scenario)
