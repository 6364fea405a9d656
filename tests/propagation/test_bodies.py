"""What a topic or a bus puts into the body of an SQS message."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context

from tests.propagation.senders import sender_of
from tracestitch_propagation.bodies import Body, read_body

TRACEPARENT = f"00-{7:032x}-{9:016x}-01"
EVENT = {
    "id": "e-1",
    "source": "stock",
    "detail-type": "Reserved",
    "detail": {"order": 1, "_otel": {"traceparent": TRACEPARENT}},
}
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "n-1",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:stock",
    "Message": "{}",
    "MessageAttributes": {"traceparent": {"Type": "String", "Value": TRACEPARENT}},
}
ABOUT_EVENT = {
    "aws.eventbridge.event.id": "e-1",
    "aws.eventbridge.source": "stock",
    "aws.eventbridge.detail_type": "Reserved",
}
ABOUT_NOTIFICATION = {
    "aws.sns.message_id": "n-1",
    "aws.sns.topic.arn": "arn:aws:sns:eu-west-1:123456789012:stock",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def sender_in(body: object) -> int | None:
    found = sender_of(read_body(body).context)
    return found and found.span_id


@pytest.mark.parametrize(
    "detail",
    [
        EVENT["detail"],
        json.dumps(EVENT["detail"]),
        {"_otel": json.dumps({"traceparent": TRACEPARENT})},
        {"_otel": {"TraceParent": TRACEPARENT, "tracestate": None}},
    ],
    ids=["object", "text", "context as text", "another case"],
)
def test_an_event_carries_its_context_in_detail(detail: object) -> None:
    body = json.dumps({**EVENT, "detail": detail})

    assert sender_in(body) == 9
    assert read_body(body).attributes == ABOUT_EVENT


def test_a_notification_carries_its_context_in_the_envelope() -> None:
    body = json.dumps(NOTIFICATION)

    assert sender_in(body) == 9
    assert read_body(body).attributes == ABOUT_NOTIFICATION


def test_an_event_that_went_over_a_topic_is_found_in_the_envelope() -> None:
    body = json.dumps({**NOTIFICATION, "Message": json.dumps(EVENT), "MessageAttributes": {}})

    assert sender_in(body) == 9
    assert read_body(body).attributes == {**ABOUT_NOTIFICATION, **ABOUT_EVENT}


@pytest.mark.parametrize(
    "body",
    [
        None,
        7,
        b"{}",
        "",
        "{",
        "[]",
        "plain text",
        '{"order": 1}',
        '{"a":' * 100_000,
        '{"n": ' + "9" * 10_000 + "}",
    ],
    ids=lambda body: str(body)[:20],
)
def test_a_body_of_the_application_is_nothing(body: object) -> None:
    assert read_body(body) == Body(Context(), {})


def test_half_a_surrogate_pair_does_not_get_into_a_span() -> None:
    body = json.dumps({**EVENT, "id": "\ud800", "source": "", "detail-type": 7})

    assert read_body(body).attributes == {}


@given(st.dictionaries(st.sampled_from([*EVENT, *NOTIFICATION]), JSON), JSON)
def test_garbage_is_no_context_and_no_error(members: dict[str, Any], carried: object) -> None:
    for garbage in (members, {**EVENT, **members, "detail": {"_otel": carried}}):
        body = json.dumps(garbage)

        assert sender_in(body) is None
        json.dumps(dict(read_body(body).attributes), ensure_ascii=False).encode()
