"""A sender with everything that a context can have, and who is the sender in a context."""

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

SENDER: Context = trace.set_span_in_context(
    NonRecordingSpan(
        SpanContext(7, 9, True, TraceFlags(TraceFlags.SAMPLED), TraceState([("vendor", "1")]))
    ),
    baggage.set_baggage("workflow.id", "w", Context()),
)


def sender_of(context: Context) -> SpanContext | None:
    sender = trace.get_current_span(context).get_span_context()
    return sender if sender.is_valid else None
