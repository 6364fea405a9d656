"""Message ids that are counters, places in a stream or short texts of an application."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.unit.analyzer.messages import DELIVERED, ORDER, SENT, delivery, send

ID = {"messaging.message.id": "42"}


def sent(**changes: Any) -> Any:
    return send(**({"attributes": ID} | changes))


def taken(**changes: Any) -> Any:
    return delivery(**({"attributes": ID} | changes))


def test_a_short_id_that_one_send_and_one_delivery_carry_joins_them() -> None:
    answers = analysed(sent(), taken())
    assert answers.edges == {(SENT, DELIVERED): "message-id"}
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.8
    two_groups = [taken(), taken(trace=3, id=31, service="audit-service")]
    assert len(analysed(sent(), *two_groups).edges) == 2


@pytest.mark.parametrize(
    "spans",
    [
        [sent(), sent(trace=4, id=41), taken()],  # a counter that began again
        [sent(), taken(), taken(trace=3, id=31)],
        [sent(), taken(at=5_000.0)],
        [sent(attributes=ID | {"messaging.destination.name": "x"}), taken()],
        [sent(attributes=ID | ORDER), taken(attributes=ID | {"order.id": "ORD-2"})],
        [sent(), taken(resource={"service.namespace": "other"})],
    ],
    ids=["two sends", "two deliveries", "long ago", "other queue", "other order", "other world"],
)
def test_one_that_may_mean_others_joins_nothing(spans: list[Any]) -> None:
    assert analysed(*spans).edges == {}


def test_of_several_sends_a_short_id_says_less() -> None:
    answers = analysed(sent(), sent(trace=4, id=41), taken())
    assert [c["confidence"] for c in answers.connections.values()] == [0.3]


@pytest.mark.parametrize(
    ("system", "number", "confidence"),
    [
        ("redis", "1760000000123-0", 0.95),
        ("pulsar", "12:0:-1:0", 0.95),
        ("gcp_pubsub", "8193847291834021", 0.95),
        ("aws_kinesis", "4" * 56, 0.95),
    ],
)
def test_a_brokers_own_numbers_name_one_message(
    system: str, number: str, confidence: float
) -> None:
    told = {"messaging.system": system, "messaging.message.id": number}
    answers = analysed(send(attributes=told), delivery(attributes=told))
    assert answers.connections[SENT, DELIVERED]["confidence"] == confidence


def test_a_subscription_has_another_name_than_the_topic_that_numbered_the_message() -> None:
    told = {"messaging.system": "gcp_pubsub", "messaging.message.id": "8193847291834021"}
    other = told | {"messaging.destination.name": "billing"}
    assert analysed(send(attributes=told), delivery(attributes=other)).edges == {
        (SENT, DELIVERED): "message-id"
    }
    elsewhere = delivery(attributes=other | {"messaging.system": "servicebus"})
    assert analysed(send(attributes=told), elsewhere).edges == {}
