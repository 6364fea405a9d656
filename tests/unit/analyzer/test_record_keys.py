"""Kafka record keys as evidence: only where a key names one record."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, SENT, delivery, send

KEY = KAFKA | {"messaging.kafka.message.key": "c-7"}
GROUP = KEY | {"messaging.consumer.group.name": "billing"}
LINKED = {"parent": 31, "trace": 3, "flags": 0x300}


def sent(**changes: Any) -> Any:
    return send(attributes=KEY | changes.pop("attributes", {}), **changes)


def taken(**changes: Any) -> Any:
    return delivery(attributes=GROUP | changes.pop("attributes", {}), **changes)


@pytest.mark.parametrize("name", ["messaging.kafka.message_key", "kafka.message_key"])
def test_a_key_that_one_send_and_one_delivery_carry_joins_them(name: str) -> None:
    answers = analysed(sent(), delivery(attributes=KAFKA | {name: "c-7"}))
    assert answers.edges == {(SENT, DELIVERED): "record-key"}
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.8
    assert answers.causes == {DELIVERED: "K1"}


def test_each_consumer_group_has_its_own_delivery_of_a_record() -> None:
    other = {"messaging.consumer.group.name": "audit"}
    answers = analysed(sent(), taken(), taken(trace=4, id=41, attributes=other))
    assert answers.edges == {(SENT, DELIVERED): "record-key", (SENT, (4, 41)): "record-key"}


@pytest.mark.parametrize(
    "spans",
    [
        [sent(attributes={"order.id": "A"}), taken(attributes={"order.id": "B"})],
        [
            sent(attributes={"messaging.kafka.message.key": "null"}),
            taken(attributes={"messaging.kafka.message.key": "null"}),
        ],
        pytest.param([sent(), sent(trace=3, id=31, at=1.2), taken()], id="two sends"),
        pytest.param([sent(), taken(), taken(trace=4, id=41, at=2.4)], id="two deliveries"),
        pytest.param(
            [sent(), taken(attributes={"messaging.destination.name": "audit"})], id="another topic"
        ),
        pytest.param(
            [
                sent(attributes={"messaging.kafka.cluster.id": "a"}),
                taken(attributes={"messaging.kafka.cluster.id": "b"}),
            ],
            id="another cluster",
        ),
        pytest.param([sent(at=10.0), taken()], id="sent later"),
        pytest.param([sent(), taken(at=902.0)], id="too long ago"),
        pytest.param(
            [sent(), taken(resource={"deployment.environment.name": "test"})],
            id="another environment",
        ),
        pytest.param(
            [
                sent(attributes={"messaging.system": "x"}),
                taken(attributes={"messaging.system": "x"}),
            ],
            id="no Kafka",
        ),
    ],
)
def test_a_key_that_may_name_another_record_joins_nothing(spans: list[Any]) -> None:
    assert analysed(*spans).edges == {}


def test_a_key_whose_record_has_arrived_says_nothing_of_the_next_delivery() -> None:
    earlier = sent(trace=3, id=31)
    arrived = taken(id=32, at=1.5, **LINKED)
    answers = analysed(earlier, arrived, taken())
    assert answers.edges == {((3, 31), (3, 32)): "parent"}


def test_a_key_is_of_the_record_and_not_of_the_work_around_it() -> None:
    onward = send(
        trace=2,
        id=22,
        parent=21,
        at=2.05,
        duration=0.01,
        service="payment-service",
        attributes=KAFKA,
    )
    answers = analysed(taken(), onward, taken(trace=4, id=41, at=3.0, service="mail"))
    assert answers.edges == {}


def test_an_order_id_says_more_than_a_key() -> None:
    answers = analysed(sent(attributes=ORDER), taken(attributes=ORDER))
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}


def test_a_record_whose_handling_an_order_id_found_is_not_joined_twice() -> None:
    partition = {"messaging.kafka.partition": 0}
    closed = taken(name="payments receive", attributes=partition)
    handling = span(
        name="charge", trace=3, id=31, service="payment-service", at=2.11, attributes=ORDER
    )
    answers = analysed(sent(attributes=ORDER), closed, handling)
    assert answers.edges == {(SENT, (3, 31)): "correlation-id"}
