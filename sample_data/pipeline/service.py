"""The life of one service process: start, tell, work until told to stop, flush."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry import baggage, trace
from opentelemetry.context import Context

from sample_data.pipeline.control import Control
from sample_data.pipeline.journal import report
from sample_data.pipeline.settings import Settings
from sample_data.pipeline.switches import Switch
from sample_data.pipeline.telemetry import WORKFLOW_KEY, Telemetry

IDLE_SECONDS = 0.15

Step = Callable[[Switch], None]


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    settings: Settings
    telemetry: Telemetry
    control: Control

    def report_sent(self, key: str, destination: str, order_id: str, span: trace.Span) -> None:
        """Log the producing end of a message."""
        report(
            "sent",
            service=self.name,
            key=key,
            destination=destination,
            order_id=order_id,
            workflow_id=baggage.get_baggage(WORKFLOW_KEY),
            exported=span.is_recording(),
            **ids_of(span.get_span_context()),
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
            **ids_of(span.get_span_context()),
        )


def run_service(
    name: str, prepare: Callable[[Service], Step], *, ignores_parent: bool = False
) -> None:
    """Run until standard input ends. `prepare` returns the step that is repeated."""
    settings = Settings.from_argument(sys.argv[1])
    telemetry = Telemetry(name, settings, ignores_parent=ignores_parent)
    service = Service(name, settings, telemetry, Control())
    step = prepare(service)
    report("ready")
    while (switch := service.control.next_switch()) is not None:
        step(switch)
    telemetry.shutdown()


def ids_of(span_context: trace.SpanContext) -> dict[str, str]:
    return {
        "trace_id": trace.format_trace_id(span_context.trace_id),
        "span_id": trace.format_span_id(span_context.span_id),
    }


def workflow_of(carried: Context) -> object | None:
    """The workflow's id in the baggage of a message."""
    return baggage.get_baggage(WORKFLOW_KEY, carried)
