"""The exporters of the OpenTelemetry SDK, unchanged, against the running server."""

from collections.abc import Iterator

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanKind

from tests.flow.servers import RunningServer, serving


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serving(None) as running:
        yield running


def make_exporter(kind: str, server: RunningServer) -> SpanExporter:
    if kind == "grpc":
        return GrpcExporter(endpoint=server.grpc, insecure=True)
    compression = Compression.Gzip if kind == "http/protobuf, gzip" else Compression.NoCompression
    return HttpExporter(endpoint=f"{server.http}/v1/traces", compression=compression)


@pytest.mark.parametrize("kind", ["grpc", "http/protobuf", "http/protobuf, gzip"])
def test_spans_of_an_sdk_exporter_are_stored_and_shown(kind: str, server: RunningServer) -> None:
    before = server.get("/api/v1/status")["spans"]
    provider = TracerProvider(resource=Resource({"service.name": f"shop over {kind}"}))
    provider.add_span_processor(BatchSpanProcessor(make_exporter(kind, server)))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("order.publish", kind=SpanKind.PRODUCER) as publish:
        publish.set_attribute("order.id", 123)
        publish.add_event("queued", {"attempt": 1})
    producer = publish.get_span_context()
    with tracer.start_as_current_span(
        "order.process", kind=SpanKind.CONSUMER, links=[Link(producer)]
    ):
        pass
    provider.shutdown()

    assert server.wait_for_spans(before + 2)["spans"] == before + 2
    trace = server.get(f"/api/v1/traces/{producer.trace_id:032x}")["trace"]
    (stored,) = trace["spans"]
    assert stored["service_name"] == f"shop over {kind}"
    assert stored["attributes"] == {"order.id": 123}
    assert [event["name"] for event in stored["events"]] == ["queued"]
    assert [connection["relation"] for connection in trace["connections"]] == ["link"]
