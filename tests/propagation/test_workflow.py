"""Baggage that becomes attributes of every span."""

from opentelemetry import baggage, context, trace

from tests.propagation.recording import Recording
from tracestitch_propagation import BaggageSpanProcessor
from tracestitch_propagation.names import LONGEST_TEXT


def record(
    recording: Recording, processor: BaggageSpanProcessor, workflow: str = "w-1"
) -> dict[str, object]:
    """Attributes of a span below `workflow.id` and `user.mail` in baggage."""
    entries = baggage.set_baggage(
        "user.mail", "a@b.c", baggage.set_baggage("workflow.id", workflow)
    )
    token = context.attach(entries)
    try:
        with (
            recording.service("shop", processor),
            trace.get_tracer("shop").start_as_current_span("work"),
        ):
            pass
    finally:
        context.detach(token)
    return dict(recording.span("work").attributes or {})


def test_the_workflow_is_copied_and_nothing_else(recording: Recording) -> None:
    assert record(recording, BaggageSpanProcessor()) == {"workflow.id": "w-1"}


def test_keys_are_chosen(recording: Recording) -> None:
    processor = BaggageSpanProcessor(["user.mail", "absent"])

    assert record(recording, processor) == {"user.mail": "a@b.c"}


def test_a_long_value_does_not_burden_every_span(recording: Recording) -> None:
    assert record(recording, BaggageSpanProcessor(), "w" * 100_000) == {
        "workflow.id": "w" * LONGEST_TEXT
    }


def test_what_no_export_may_have_is_not_copied(recording: Recording) -> None:
    assert record(recording, BaggageSpanProcessor(), "\ud800") == {}


def test_there_is_nothing_to_flush_or_shut_down(recording: Recording) -> None:
    processor = BaggageSpanProcessor()
    record(recording, processor)

    assert processor.force_flush() is True
    processor.shutdown()
