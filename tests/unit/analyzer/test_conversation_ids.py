"""Conversation ids: of one message each way, shared by the whole exchange."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.unit.analyzer.messages import DELIVERED, SENT, delivery, send

TALK = {"messaging.system": "jms", "messaging.message.conversation_id": "talk-1"}


def test_the_same_conversation_id_stitches_where_one_producer_is_left() -> None:
    answers = analysed(
        send(attributes=TALK),
        delivery(attributes={"messaging.system": "jms", "messaging.conversation_id": "talk-1"}),
    )
    assert answers.edges == {(SENT, DELIVERED): "conversation-id"}
    connection = answers.connections[SENT, DELIVERED]
    assert connection["confidence"] == 0.85
    assert connection["evidence"] == [
        {"field": "messaging.message.conversation_id", "producer": "talk-1", "consumer": "talk-1"}
    ]


def test_a_renamed_exchange_keeps_the_conversation() -> None:
    told = TALK | {"messaging.system": "rabbitmq"}
    answers = analysed(
        send(attributes=told),
        delivery(attributes=told | {"messaging.destination.name": "orders-in"}),
    )
    assert answers.edges == {(SENT, DELIVERED): "conversation-id"}


def test_two_producers_of_one_conversation_are_listed_and_none_is_drawn() -> None:
    answers = analysed(
        send(attributes=TALK), send(trace=3, id=31, attributes=TALK), delivery(attributes=TALK)
    )
    assert answers.edges == {}
    assert {c["confidence"] for c in answers.connections.values()} == {0.3}
    assert len(answers.connections) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"service": "order-service"},  # the answer that comes back
        {"attributes": TALK | {"messaging.destination.name": "stock"}},
        {"attributes": TALK | {"order.id": "ORD-2"}},
        {"resource": {"deployment.environment.name": "test"}},
        {"at": -60.0},
    ],
)
def test_a_conversation_id_does_not_stitch_what_does_not_fit(changes: dict[str, Any]) -> None:
    told: dict[str, Any] = {"attributes": TALK} | changes
    answers = analysed(send(attributes=TALK | {"order.id": "ORD-1"}), delivery(**told))
    assert answers.edges == {}


HOUR = 3_600.0


@pytest.mark.parametrize(
    ("gap", "listed"), [(0.9 * HOUR, 0.85), (2 * HOUR, 0.5), (23 * HOUR, 0.5), (25 * HOUR, None)]
)
def test_a_message_of_long_ago_is_an_earlier_one_of_the_conversation(
    gap: float, listed: float | None
) -> None:
    answers = analysed(send(attributes=TALK), delivery(at=1.0 + gap, attributes=TALK))
    assert [c["confidence"] for c in answers.connections.values()] == [listed] * bool(listed)


def test_an_earlier_day_of_a_session_is_no_rival_of_what_was_just_sent() -> None:
    now = 3 * 24 * HOUR
    answers = analysed(
        send(attributes=TALK),
        send(trace=3, id=31, at=now, attributes=TALK),
        delivery(at=now + 1.0, attributes=TALK),
    )
    assert set(answers.connections) == {((3, 31), DELIVERED)}
    assert answers.edges == {((3, 31), DELIVERED): "conversation-id"}


def test_an_order_may_wait_for_days() -> None:
    order = {"order.id": "ORD-1"}
    answers = analysed(send(attributes=order), delivery(at=72 * HOUR, attributes=order))
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}


def test_the_entry_number_of_a_batch_is_no_conversation() -> None:
    entry = {"messaging.message.conversation_id": "1"}
    answers = analysed(
        send(attributes=entry, scope="opentelemetry.instrumentation.boto3sqs"),
        delivery(attributes=entry),
    )
    assert answers.connections == {}


def test_an_order_id_that_names_the_producer_is_asked_first() -> None:
    order = {"order.id": "ORD-1"}
    answers = analysed(
        send(attributes=TALK | order),
        send(trace=3, id=31, attributes=TALK | {"order.id": "ORD-2"}),
        delivery(attributes=TALK | order),
    )
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}


@pytest.mark.parametrize("spelling", ["orderID", "shop.order_id", "shop.order.id"])
def test_an_order_id_is_one_however_it_is_spelled(spelling: str) -> None:
    answers = analysed(
        send(attributes={"order.id": "ORD-1"}), delivery(attributes={spelling: "ORD-1"})
    )
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}
