"""OTLP over HTTP on real sockets: bodies that are too long, and senders that leave."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from collector.receiving import MAX_REQUEST_BYTES
from storage.contract import StoreError
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake
from tests.unit.collector.listening import run_http

PROTOBUF = "application/x-protobuf"
HEAD = (
    f"POST /v1/traces HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {PROTOBUF}\r\n"
).encode()


def test_a_length_above_the_limit_is_refused_before_the_body_comes() -> None:
    async def scenario(held: Intake, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + f"Content-Length: {MAX_REQUEST_BYTES + 1}\r\n\r\n".encode())
        assert b" 413 " in await reader.readline()
        writer.close()
        assert held.store.tried == []

    run_http(scenario)


def test_a_body_of_unknown_length_is_refused_once_it_is_above_the_limit() -> None:
    async def body() -> AsyncIterator[bytes]:
        piece = bytes(1 << 20)
        for _ in range(MAX_REQUEST_BYTES >> 20):
            yield piece
        yield b"1"

    async def scenario(held: Intake, port: int) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            headers = {"Content-Type": PROTOBUF}
            response = await client.post("/v1/traces", content=body(), headers=headers)
            assert response.status_code == 413
            assert "67,108,864 bytes" in Status.FromString(response.content).message
            response = await client.post("/v1/traces", content=request(span()), headers=headers)
            assert response.status_code == 200
        assert held.store.tried == [1]

    run_http(scenario)


def test_a_sender_that_leaves_in_the_middle_stores_nothing_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(held: Intake, port: int) -> None:
        body = request(span())
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            headers = {"Content-Type": PROTOBUF}
            response = await client.post(
                "/v1/traces", content=request(span(trace=2)), headers=headers
            )
            assert response.status_code == 200
        assert held.store.tried == [1]

    run_http(scenario)
    assert caplog.records == []  # it happens all the time


def test_a_sender_that_leaves_before_the_answer_is_stored() -> None:
    async def scenario(held: Intake, port: int) -> None:
        body = request(span())
        held.store.gate.clear()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await held.store.is_entered()
        writer.close()
        await writer.wait_closed()
        held.store.gate.set()
        await held.receiver.drain()
        assert held.store.status().spans == 1

    run_http(scenario)


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_python_exporter_waits_as_told_and_sends_again(compression: Compression) -> None:
    failures = [StoreError("The store is busy.")]

    def fail_once(_: SpanBatch) -> None:
        if failures:
            raise failures.pop()

    async def scenario(held: Intake, port: int) -> None:
        def export() -> None:
            provider = TracerProvider(shutdown_on_exit=False)
            exporter = OTLPSpanExporter(
                f"http://127.0.0.1:{port}/v1/traces", compression=compression
            )
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            provider.get_tracer("test").start_span("work").end()
            provider.shutdown()

        await asyncio.to_thread(export)
        assert held.store.tried == [1, 1]
        assert held.store.status().spans == 1

    run_http(scenario, HeldStore(fail_once))
