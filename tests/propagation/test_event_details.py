"""`_otel` in details and in whatever holds them."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage

from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation import eventbridge
from tracestitch_propagation.event_details import cut_carrier, put_carrier, read_carrier

NAMES = st.text() | st.sampled_from(["_otel", "detail", "detail-type", "Body", "Message", "Sns"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
DETAILS = st.dictionaries(NAMES.filter(lambda name: name != "_otel"), JSON, max_size=4)
INDENTS = st.none() | st.integers(0, 2)


def event(detail: object) -> dict[str, Any]:
    return {"id": "e-1", "source": "stock", "detail-type": "Reserved", "detail": detail}


def on_queue(detail: object) -> dict[str, Any]:
    return {"MessageId": "m-1", "Body": json.dumps(event(detail))}


def on_queue_of_lambda(detail: object) -> dict[str, Any]:
    return {"messageId": "m-1", "eventSource": "aws:sqs", "body": json.dumps(event(detail))}


def over_topic(detail: object) -> dict[str, Any]:
    envelope = {"Type": "Notification", "TopicArn": "t", "Message": json.dumps(event(detail))}
    return {"MessageId": "m-1", "Body": json.dumps(envelope)}


def over_topic_of_lambda(detail: object) -> dict[str, Any]:
    return {"EventSource": "aws:sns", "Sns": {"Message": json.dumps(event(detail))}}


HOLDERS = [event, on_queue, on_queue_of_lambda, over_topic, over_topic_of_lambda]


@pytest.mark.parametrize("hold", HOLDERS)
@given(detail=DETAILS, as_text=st.booleans(), indent=INDENTS)
def test_what_is_injected_is_taken_and_the_application_gets_its_own(
    hold: Any, detail: dict[str, Any], as_text: bool, indent: int | None
) -> None:
    sent: Any = json.dumps(detail, indent=indent) if as_text else copy.deepcopy(detail)
    held = hold(eventbridge.inject_detail(sent, context=SENDER))
    taken = eventbridge.take_context(held)

    assert sender_of(taken) == sender_of(SENDER)
    assert baggage.get_all(taken) == {"workflow.id": "w"}
    assert held == hold(sent)


@given(DETAILS, INDENTS)
def test_an_older_context_is_replaced_not_doubled(
    detail: dict[str, Any], indent: int | None
) -> None:
    once = eventbridge.inject_detail(json.dumps(detail, indent=indent), context=SENDER)
    twice = eventbridge.inject_detail(once, context=SENDER)

    assert twice == once


@given(JSON)
def test_reading_changes_nothing(holder: Any) -> None:
    before = copy.deepcopy(holder)
    eventbridge.extract_context(holder)

    assert holder == before


@given(JSON | st.text() | st.binary(), JSON | st.text())
def test_nothing_is_too_odd_to_be_received(holder: Any, inner: Any) -> None:
    eventbridge.received(holder)
    eventbridge.received({"Body": inner, "detail": inner, "detail-type": "t", "id": inner})
    text = json.dumps(holder, default=str)
    eventbridge.received({"Sns": holder, "body": text if inner else inner})


@pytest.mark.parametrize("depth", [50, 900, 100_000])
@pytest.mark.parametrize("opening", ['{"detail":', '{"_otel":', '{"Message":{"detail":'])
def test_endless_nesting_is_left_alone(opening: str, depth: int) -> None:
    text = opening * depth + '"_otel"' + "}" * (depth * opening.count("{"))
    message = {"Body": text}

    assert sender_of(eventbridge.take_context(message)) is None


def test_ten_thousand_contexts_are_cut_as_one() -> None:
    text = "{" + ",".join(['"_otel":{}'] * 10_000) + ',"sku":"a"}'
    message = {"Body": text}
    cut_carrier(message)

    assert message == {"Body": '{"sku":"a"}'}


def test_of_two_contexts_in_a_text_the_last_counts() -> None:
    assert read_carrier('{"_otel": {"a": "1"}, "_otel": {"b": "2", "c": 3}}') == {"b": "2"}


@pytest.mark.parametrize("held", [None, 1, "text", [1]])
def test_what_is_no_object_holds_no_fields(held: object) -> None:
    assert read_carrier({"_otel": held}) == {}


def test_nothing_is_put_for_nothing() -> None:
    assert put_carrier('{"sku": 1, "_otel": {}}', {}) == '{"sku": 1}'
    assert put_carrier({"sku": 1, "_otel": {}}, {}) == {"sku": 1}


def test_of_members_with_one_name_only_the_last_is_looked_into() -> None:
    message = {"Body": '{"detail":{"_otel":{},"a":1},"detail":{"_otel":{}, "b":2}}'}
    cut_carrier(message)

    assert message == {"Body": '{"detail":{"_otel":{},"a":1},"detail":{"b":2}}'}
