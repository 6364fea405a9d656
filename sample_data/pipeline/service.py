"""The life of one service process: start, tell, work until told to stop."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import baggage, trace

from sample_data.pipeline.control import Control
from sample_data.pipeline.journal import report
from sample_data.pipeline.settings import Settings
from sample_data.pipeline.switches import Switch
from tracestitch_propagation import init_tracer

IDLE_SECONDS = 0.15
VERSION = "1.4.2"
WORKFLOW_KEY = "workflow.id"

Step = Callable[[Switch], None]


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    settings: Settings
    tracer: trace.Tracer
    control: Control

    @contextmanager
    def working(self, name: str, attributes: Mapping[str, str], seconds: float) -> Iterator[None]:
        """A span of work that takes some time before the block."""
        with self.tracer.start_as_current_span(name, attributes=attributes):
            time.sleep(seconds)
            yield

    def work(self, name: str, attributes: Mapping[str, str], seconds: float) -> None:
        """A span of work that takes some time."""
        with self.working(name, attributes, seconds):
            pass

    def report_sent(self, key: str, destination: str, order_id: str, span: trace.Span) -> None:
        """Log the producing end of a message."""
        report(
            "sent",
            service=self.name,
            key=key,
            destination=destination,
            order_id=order_id,
            workflow_id=baggage.get_baggage(WORKFLOW_KEY),
            **_ids_of(span.get_span_context()),
        )

    def report_received(
        self, key: str, destination: str, span: trace.Span, *, attempt: int = 1, ok: bool = True
    ) -> None:
        """Log the consuming end of a message, when it has been handled."""
        report(
            "received",
            service=self.name,
            key=key,
            destination=destination,
            attempt=attempt,
            ok=ok,
            **_ids_of(span.get_span_context()),
        )


def run_service(name: str, prepare: Callable[[Service], Step]) -> None:
    """Run until standard input ends. `prepare` returns the step that is repeated. What is left
    to export is exported when the process ends."""
    settings = Settings.from_argument(sys.argv[1])
    tracer = init_tracer(
        name,
        endpoint=f"http://{settings.otlp_endpoint}",
        namespace=settings.namespace,
        environment=settings.environment,
        version=VERSION,
    )
    service = Service(name, settings, tracer, Control())
    step = prepare(service)
    report("ready")
    while (switch := service.control.next_switch()) is not None:
        step(switch)


def _ids_of(span_context: trace.SpanContext) -> dict[str, str]:
    return {
        "trace_id": trace.format_trace_id(span_context.trace_id),
        "span_id": trace.format_span_id(span_context.span_id),
    }
