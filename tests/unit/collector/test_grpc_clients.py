"""OTLP over gRPC as clients meet it: the Python exporter, and the frames on the wire."""

import asyncio
import socket
import struct

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from collector.grpc_receiver import SERVICE
from storage.contract import StoreError
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake
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


HEADERS, DATA, SETTINGS, END_STREAM, END_HEADERS = 1, 0, 4, 1, 4


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """An HTTP/2 frame (RFC 9113, 4.1)."""
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def literal(name: str, value: str) -> bytes:
    """A header field without indexing (RFC 7541, 6.2.2)."""
    return b"\x00" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))


def ask(port: int, payload: bytes) -> list[tuple[int, int]]:
    """Kind and flags of the frames that answer one call."""
    head = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"/{SERVICE}/Export",
        ":authority": "test",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    message = b"\0" + struct.pack(">I", len(payload)) + payload
    answer: list[tuple[int, int]] = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + frame(SETTINGS, 0, 0, b"")
            + frame(HEADERS, END_HEADERS, 1, b"".join(literal(*field) for field in head.items()))
            + frame(DATA, END_STREAM, 1, message)
        )
        with connection.makefile("rb") as stream:
            while not (answer and answer[-1][1] & END_STREAM):
                start = stream.read(9)
                length, kind, flags = int.from_bytes(start[:3], "big"), start[3], start[4]
                stream.read(length)
                if int.from_bytes(start[5:], "big") == 1 and kind in (HEADERS, DATA):
                    answer.append((kind, flags & END_STREAM))
    return answer


def test_a_refusal_is_in_the_headers_where_some_clients_look_only() -> None:
    async def scenario(_: Intake, port: int) -> None:
        refused = await asyncio.to_thread(ask, port, b"\xff")
        taken = await asyncio.to_thread(ask, port, request(span()))
        assert refused == [(HEADERS, END_STREAM)]
        assert taken == [(HEADERS, 0), (DATA, 0), (HEADERS, END_STREAM)]

    run_grpc(scenario)
