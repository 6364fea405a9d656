"""The Python SDK's exporters, as they come, through a restart of the server."""

import socket
import threading
import time
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from tests.flow.servers import serving

SPANS = 300


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def exporter_of(kind: str, port: int) -> SpanExporter:
    if kind == "grpc":
        return GrpcExporter(endpoint=f"127.0.0.1:{port}", insecure=True, timeout=30)
    return HttpExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces", timeout=30)


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_the_sdk_delivers_everything_through_a_restart(kind: str, how: str, tmp_path: Path) -> None:
    port = free_port()
    flag = f"--{kind}-address=127.0.0.1:{port}"
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter_of(kind, port), schedule_delay_millis=20, max_export_batch_size=10
        )
    )
    tracer = provider.get_tracer("shop")
    half, done = threading.Event(), threading.Event()

    def work() -> None:
        for number in range(SPANS):
            with tracer.start_as_current_span("order", attributes={"order.id": number}):
                time.sleep(0.005)
            if number == SPANS // 3:
                half.set()
        done.set()

    working = threading.Thread(target=work)
    with serving(tmp_path, flag) as server:
        working.start()
        assert half.wait(60)
        if how == "stop":
            assert server.stop()[0] == 0
        else:
            server.kill()
    with serving(tmp_path, flag) as again:
        working.join()
        assert done.is_set()
        assert provider.force_flush(60_000)
        provider.shutdown()
        assert again.wait_for_spans(SPANS)["spans"] == SPANS
