"""Spans at both ends of a hand-over."""

import subprocess
from typing import get_args

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from tests.propagation.recording import Recording, context_of
from tracestitch_propagation import Received, Sending, process_span, publish_span
from tracestitch_propagation.names import Names
from tracestitch_propagation.spans import Relation

MESSAGE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
SENDING = Sending(
    "aws_sqs",
    "orders",
    identify=lambda answer: {} if answer is None else {"messaging.message.id": MESSAGE_ID},
)


REMOTE = NonRecordingSpan(SpanContext(7, 9, True, TraceFlags(TraceFlags.SAMPLED)))
RELATIONS: tuple[Relation, ...] = get_args(Relation)


def carried() -> Context:
    """What a message that is sent now carries to the other end."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return propagate.extract(carrier, Context())


def received(context: Context, message_id: str = MESSAGE_ID) -> Received:
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
        "messaging.message.id": MESSAGE_ID,
    }


def test_a_message_without_context_is_a_root_whatever_was_current(recording: Recording) -> None:
    with (
        trace.get_tracer("shop").start_as_current_span("poll"),
        process_span("order.process", received(Context())),
    ):
        pass

    assert recording.span("order.process").parent is None


@pytest.mark.parametrize("error", [ValueError("no order"), subprocess.SubprocessError("no order")])
def test_an_error_is_recorded_with_its_type_and_raised(
    recording: Recording, error: Exception
) -> None:
    for open_span in (
        publish_span("order.publish", SENDING),
        process_span("order.process", received(Context())),
    ):
        with pytest.raises(type(error), match="no order"), open_span:
            raise error

    kind = "ValueError" if isinstance(error, ValueError) else "subprocess.SubprocessError"
    for span in recording.spans:
        assert span.status.status_code is StatusCode.ERROR
        assert [event.name for event in span.events] == ["exception"]
        assert (span.attributes or {})["error.type"] == kind
    assert len(recording.spans) == 2


def test_a_link_begins_a_trace_and_leads_to_the_publisher(recording: Recording) -> None:
    with publish_span("order.publish", SENDING):
        context = carried()
    with process_span("order.process", received(context), relation="link") as span:
        assert trace.get_current_span() is span

    processed = recording.span("order.process")
    assert processed.parent is None
    [link] = processed.links
    assert link.context.span_id == context_of(recording.span("order.publish")).span_id
    assert recording.edges == {("order.publish", "order.process"): "link"}


@pytest.mark.parametrize("relation", ["link", "batch"])
def test_a_link_of_a_message_without_context_still_says_which_message_came(
    recording: Recording, relation: str
) -> None:
    """With its id alone the analyzer finds the publisher, and what went wrong."""
    with publish_span("order.publish", SENDING) as publishing:
        publishing.sent({})
    with recording.service("warehouse"):
        message = received(Context())
        given: Received | list[Received] = [message] if relation == "batch" else message
        with process_span("order.process", given, relation="link"):
            pass

    [link] = recording.span("order.process").links
    assert not link.context.is_valid
    assert dict(link.attributes or {}) == {"messaging.message.id": MESSAGE_ID}
    assert recording.edges == {("order.publish", "order.process"): "message-id"}


def test_a_batch_is_linked_to_each_publisher_with_what_is_known_of_its_message(
    recording: Recording,
) -> None:
    batch = []
    for n in range(2):
        with publish_span(f"order.publish.{n}", SENDING):
            known = {"aws.sqs.approximate_receive_count": n}
            batch.append(Received(carried(), "aws_sqs", "orders", f"m-{n}", known))
    with recording.service("warehouse"), process_span("order.process", batch, {"batch": True}):
        pass

    processed = recording.span("order.process")
    assert [dict(link.attributes or {}) for link in processed.links] == [
        {"messaging.message.id": f"m-{n}", "aws.sqs.approximate_receive_count": n} for n in range(2)
    ]
    assert dict(processed.attributes or {}) == {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": 2,
        "batch": True,
    }
    assert set(recording.edges) == {(f"order.publish.{n}", "order.process") for n in range(2)}


def test_a_batch_without_messages_makes_no_span(recording: Recording) -> None:
    with process_span("order.process", []) as span:
        assert not span.is_recording()

    assert list(recording.spans) == []


def test_baggage_of_the_message_is_current_while_it_is_processed() -> None:
    context = baggage.set_baggage("workflow.id", "w-1")
    for relation in RELATIONS:
        with process_span("order.process", received(context), relation=relation):
            assert baggage.get_all() == {"workflow.id": "w-1"}

    assert baggage.get_all() == {}


def test_baggage_that_a_batch_agrees_in_is_current() -> None:
    batch = [
        received(baggage.set_baggage("order.id", n, baggage.set_baggage("workflow.id", "w-1")))
        for n in ("1", "2")
    ]
    with process_span("order.process", batch):
        assert baggage.get_all() == {"workflow.id": "w-1"}


def test_nothing_of_the_message_stays_current_after_an_error() -> None:
    context = trace.set_span_in_context(REMOTE, baggage.set_baggage("workflow.id", "w-1"))
    with pytest.raises(ValueError, match="x"), process_span("order.process", received(context)):
        raise ValueError("x")

    assert baggage.get_all() == {}
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_publishing_span_is_below_the_context_that_is_given(recording: Recording) -> None:
    with publish_span("order.publish", SENDING, context=trace.set_span_in_context(REMOTE)):
        pass

    parent = recording.span("order.publish").parent
    assert parent
    assert parent.span_id == REMOTE.get_span_context().span_id


def test_own_attributes_and_tracer_are_used(recording: Recording) -> None:
    tracer = trace.get_tracer("shop", "1.2")
    mine = {"order.id": "123", "messaging.destination.name": "mine"}
    with (
        publish_span("order.publish", SENDING, mine, tracer=tracer),
        process_span("order.process", received(Context()), mine, tracer=tracer),
    ):
        pass

    for span in recording.spans:
        assert span.instrumentation_scope
        assert span.instrumentation_scope.name == "shop"
        assert (span.attributes or {}).items() >= mine.items()


def test_an_answer_that_tells_nothing_adds_nothing(recording: Recording) -> None:
    with publish_span("order.publish", SENDING) as publishing:
        publishing.sent(None)

    assert "messaging.message.id" not in (recording.span("order.publish").attributes or {})


@pytest.mark.parametrize("names", get_args(Names))
def test_the_analyzer_understands_names_of_every_age(recording: Recording, names: Names) -> None:
    with publish_span("order.publish", SENDING, names=names) as publishing:
        publishing.sent({})
    with recording.service("warehouse"):
        batch = [received(Context())]
        with process_span("order.process", batch, names=names):
            pass

    ends = recording.endpoints
    assert (ends["order.publish"]["role"], ends["order.process"]["role"]) == ("send", "process")
    for end in ends.values():
        assert (end["system"], end["destination"]) == ("aws_sqs", "orders")
    assert recording.edges == {("order.publish", "order.process"): "message-id"}
