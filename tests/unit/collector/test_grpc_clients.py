"""OTLP over gRPC as clients meet it: the Python exporter, and the frames on the wire."""

import asyncio

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from storage.contract import StoreError
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake
from tests.unit.collector.http2_frames import DATA, END_STREAM, HEADERS, call_raw
from tests.unit.collector.listening import run_grpc


def test_the_python_exporter_waits_as_told_and_sends_again() -> None:
    failures = [StoreError("The store is busy.")]

    def fail_once(_: SpanBatch) -> None:
        if failures:
            raise failures.pop()

    async def scenario(held: Intake, port: int) -> None:
        def export() -> None:
            provider = TracerProvider(shutdown_on_exit=False)
            exporter = OTLPSpanExporter(f"http://127.0.0.1:{port}", insecure=True)
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            provider.get_tracer("test").start_span("work").end()
            provider.shutdown()

        await asyncio.to_thread(export)
        assert held.store.tried == [1, 1]
        assert held.store.status().spans == 1

    run_grpc(scenario, HeldStore(fail_once))


def test_a_refusal_is_in_the_headers_where_some_clients_look_only() -> None:
    async def scenario(_: Intake, port: int) -> None:
        refused = await asyncio.to_thread(call_raw, port, b"\xff")
        taken = await asyncio.to_thread(call_raw, port, request(span()))
        assert [frame[:2] for frame in refused] == [(HEADERS, END_STREAM)]
        assert [frame[:2] for frame in taken] == [(HEADERS, 0), (DATA, 0), (HEADERS, END_STREAM)]

    run_grpc(scenario)
