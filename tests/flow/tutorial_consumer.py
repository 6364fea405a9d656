"""A service of its own that processes the messages of a queue until its standard input ends;
where its spans go to is said by the environment alone."""

import os
import sys
import threading

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_PROTOCOL
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests.flow.tutorial_services import Queue


def main(aws_url: str, name: str, *flags: str) -> None:
    exporter = Grpc() if os.environ[OTEL_EXPORTER_OTLP_PROTOCOL] == "grpc" else Http()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    stop = threading.Event()
    threading.Thread(target=wait_for_end, args=(stop,), daemon=True).start()
    queue = Queue(aws_url, name)
    while not stop.wait(0.05):
        queue.process(with_attributes="--without-attributes" not in flags)


def wait_for_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
