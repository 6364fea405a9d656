"""Message attributes of SQS and SNS as a carrier."""

import base64
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from tests.propagation.recording import Recording
from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation import publish_span, sqs
from tracestitch_propagation.carriers import DROPPED_AT, DROPPED_EVENT, DROPPED_FIELDS, read_fields
from tracestitch_propagation.message_attributes import (
    SqsGetter,
    SqsSetter,
    as_sent,
    identify_messages,
    inject_attributes,
    read_attributes,
)

TRACEPARENT = f"00-{7:032x}-{9:016x}-01"
FIELDS = ["traceparent", "tracestate", "baggage"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["StringValue", "stringValue", "BinaryValue", "Value", "Type"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


def own(count: int) -> dict[str, Any]:
    return {f"own{n}": {"DataType": "String", "StringValue": str(n)} for n in range(count)}


def to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def read_sender(attributes: object) -> SpanContext | None:
    return sender_of(read_fields(read_attributes(attributes)))


@pytest.mark.parametrize(
    ("count", "dropped"),
    [(0, []), (7, []), (8, ["baggage"]), (9, ["tracestate", "baggage"]), (10, FIELDS)],
)
def test_baggage_goes_first_and_the_traceparent_last_where_ten_are_full(
    count: int, dropped: list[str]
) -> None:
    attributes = own(count)

    assert list(inject_attributes(attributes, context=SENDER)) == dropped
    assert attributes.items() >= own(count).items()
    assert set(attributes) - set(own(count)) == set(FIELDS) - set(dropped)


def test_what_finds_no_room_is_an_event_and_a_warning_that_name_the_queue(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        publish_span("order.publish", sqs.sending("https://sqs.test/1/full-queue")),
    ):
        dropped = inject_attributes(own(10))

    assert dropped == ("traceparent",)
    [event] = recording.span("order.publish").events
    assert event.name == DROPPED_EVENT
    assert dict(event.attributes or {}) == {
        DROPPED_FIELDS: ("traceparent",),
        DROPPED_AT: "full-queue",
    }
    [said] = caplog.messages
    assert said.startswith("full-queue: no room for traceparent: a message has at most 10")


def test_fields_of_an_earlier_sender_are_replaced_in_any_case() -> None:
    old = {"DataType": "String", "StringValue": "old"}
    attributes = {"Traceparent": old, "TRACESTATE": old, "baggage": old, **own(7)}

    assert inject_attributes(attributes, context=SENDER) == ()
    assert set(attributes) == {*FIELDS, *own(7)}
    assert attributes["baggage"]["StringValue"] == "workflow.id=w"


def test_without_a_context_of_its_own_a_forwarder_leaves_that_of_the_sender() -> None:
    attributes: dict[str, Any] = {}
    inject_attributes(attributes, context=SENDER)
    before = dict(attributes)

    assert inject_attributes(attributes, context=Context()) == ()
    assert attributes == before


@pytest.mark.parametrize(
    "shape",
    [
        lambda text: {"DataType": "String", "StringValue": text},
        lambda text: {"dataType": "String", "stringValue": text},
        lambda text: {"DataType": "Binary", "BinaryValue": text.encode()},
        lambda text: {
            "dataType": "Binary",
            "binaryValue": base64.b64encode(text.encode()).decode(),
        },
        lambda text: {"Type": "String", "Value": text},
        lambda text: {"Type": "Binary", "Value": to_base64(text)},
    ],
    ids=["boto3", "Lambda", "boto3 binary", "Lambda binary", "SNS", "SNS binary"],
)
def test_every_shape_of_an_attribute_is_read(shape: Any) -> None:
    attributes = {"Traceparent": shape(TRACEPARENT)}

    assert read_sender(attributes) == SpanContext(7, 9, True, TraceFlags(TraceFlags.SAMPLED))
    assert SqsGetter().get(attributes, "TraceParent") == [TRACEPARENT]
    assert SqsGetter().keys(attributes) == ["traceparent"]


@given(ANYTHING)
def test_garbage_is_no_context_and_no_error(garbage: object) -> None:
    attributes = {"traceparent": garbage, "tracestate": garbage, "baggage": garbage}

    assert read_sender(attributes) is None
    assert read_sender(garbage) is None
    as_sent(attributes)
    identify_messages(garbage, {"StringValue": "a"})
    identify_messages({"Successful": [garbage]}, {"StringValue": "a"})


@given(
    st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=12),
    st.integers(min_value=1, max_value=2**128 - 1),
    st.integers(min_value=1, max_value=2**64 - 1),
)
def test_what_is_written_is_read_and_nothing_of_ones_own_is_lost(
    texts: dict[str, str], trace_id: int, span_id: int
) -> None:
    mine = {
        name: {"DataType": "String", "StringValue": text}
        for name, text in texts.items()
        if name.lower() not in FIELDS
    }
    attributes: dict[str, Any] = dict(mine)
    sender = NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=False))
    dropped = inject_attributes(attributes, context=trace.set_span_in_context(sender, Context()))

    assert attributes.items() >= mine.items()
    assert len(attributes) == len(mine) + (not dropped)
    found = read_sender(attributes)
    assert (found is None) is bool(dropped)
    assert found is None or (found.trace_id, found.span_id) == (trace_id, span_id)


def test_a_setter_replaces_and_keeps_to_ten(caplog: pytest.LogCaptureFixture) -> None:
    attributes = own(9)
    setter = SqsSetter()
    setter.set(attributes, "traceparent", "a")
    setter.set(attributes, "TraceParent", "b")
    setter.set(attributes, "tracestate", "c")

    assert set(attributes) == {*own(9), "TraceParent"}
    assert "no room for tracestate" in caplog.text


def test_an_empty_value_is_not_written() -> None:
    attributes: dict[str, Any] = {}
    SqsSetter().set(attributes, "tracestate", "")

    assert attributes == {}
