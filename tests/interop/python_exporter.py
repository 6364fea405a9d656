"""Sends the spans of one trace with the OpenTelemetry SDK for Python and prints its id:
python -m tests.interop.python_exporter grpc|http HOST:PORT SPANS MILLISECONDS_BETWEEN_THEM
"""

import sys
import time

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import set_span_in_context

TIMEOUT_SECONDS = 60


def make_exporter(protocol: str, endpoint: str) -> SpanExporter:
    if protocol == "grpc":
        return GrpcExporter(
            endpoint=endpoint,
            insecure=True,
            compression=grpc.Compression.Gzip,
            timeout=TIMEOUT_SECONDS,
        )
    return HttpExporter(
        endpoint=f"http://{endpoint}/v1/traces",
        compression=Compression.Gzip,
        timeout=TIMEOUT_SECONDS,
    )


def main() -> None:
    protocol, endpoint, spans, pause = sys.argv[1:]
    provider = TracerProvider(resource=Resource({"service.name": f"python over {protocol}"}))
    exporter = make_exporter(protocol, endpoint)
    # Small batches often, so that one is always under way when the server ends.
    processor = BatchSpanProcessor(exporter, schedule_delay_millis=20, max_export_batch_size=10)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("interop")

    root = tracer.start_span("span 1")
    parent = set_span_in_context(root)
    for number in range(2, int(spans) + 1):
        time.sleep(int(pause) / 1000)
        span = tracer.start_span(f"span {number}", context=parent)
        span.set_attribute("interop.number", number)
        span.end()
    root.end()
    provider.shutdown()
    print(f"{root.get_span_context().trace_id:032x}")  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    main()
