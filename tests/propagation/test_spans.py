"""Spans at both ends of a hand-over."""

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode

from tests.propagation.recording import Recording, context_of
from tracestitch_propagation import Received, Sending, process_span, publish_span

SENDING = Sending("aws_sqs", "orders", identify=lambda _answer: {"messaging.message.id": "m-1"})


def carried() -> Context:
    """What a message that is sent now carries to the other end."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return propagate.extract(carrier, Context())


def received(context: Context, message_id: str = "m-1") -> Received:
    return Received(context, "aws_sqs", "orders", message_id)


def test_a_processed_message_continues_the_trace_of_its_publisher(recording: Recording) -> None:
    with publish_span("order.publish", SENDING) as publishing:
        context = carried()
        publishing.sent({})
    with process_span("order.process", received(context)):
        pass

    sent, processed = recording.span("order.publish"), recording.span("order.process")
    assert (sent.kind, processed.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert processed.parent is not None
    assert processed.parent.span_id == context_of(sent).span_id
    assert recording.edges == {("order.publish", "order.process"): "parent"}
    assert dict(sent.attributes or {}) == {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": "m-1",
    }


def test_a_message_without_context_is_a_root_whatever_was_current(recording: Recording) -> None:
    with (
        trace.get_tracer("shop").start_as_current_span("poll"),
        process_span("order.process", received(Context())),
    ):
        pass

    assert recording.span("order.process").parent is None


def test_an_error_is_recorded_and_raised(recording: Recording) -> None:
    with (
        pytest.raises(ValueError, match="no such order"),
        process_span("order.process", received(Context())),
    ):
        raise ValueError("no such order")

    processed = recording.span("order.process")
    assert processed.status.status_code is StatusCode.ERROR
    assert [event.name for event in processed.events] == ["exception"]


def test_baggage_of_the_message_is_current_while_it_is_processed() -> None:
    context = baggage.set_baggage("workflow.id", "w-1")
    with process_span("order.process", received(context)):
        assert baggage.get_baggage("workflow.id") == "w-1"

    assert baggage.get_baggage("workflow.id") is None
