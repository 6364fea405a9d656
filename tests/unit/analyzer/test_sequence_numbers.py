"""A queue's own numbers: where they stitch and where they must not."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link
from tests.unit.analyzer.messages import DELIVERED, SENT, UUID, delivery, send

NUMBER = "18849496460467696128"
FIFO = {"messaging.destination.name": "orders.fifo"}


def numbered(number: str, **attributes: str) -> dict[str, Any]:
    return FIFO | {"aws.sqs.sequence_number": number} | attributes


def test_the_same_sequence_number_of_a_queue_stitches() -> None:
    answers = analysed(
        send(attributes=numbered(NUMBER)),
        delivery(attributes=FIFO | {"messaging.sqs.sequence_number": f" {NUMBER} "}),
    )
    assert answers.edges == {(SENT, DELIVERED): "sequence-number"}
    connection = answers.connections[SENT, DELIVERED]
    assert connection["confidence"] == 0.97
    assert connection["evidence"] == [
        {"field": "aws.sqs.sequence_number", "producer": NUMBER, "consumer": NUMBER}
    ]


def test_a_sequence_number_on_a_link_without_context_is_read() -> None:
    empty = link(trace=0, id=0, attributes={"aws.sqs.sequence_number": NUMBER})
    answers = analysed(send(attributes=numbered(NUMBER)), delivery(attributes=FIFO, links=[empty]))
    assert answers.edges == {(SENT, DELIVERED): "sequence-number"}


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": numbered("18849496460467696129")},
        {"attributes": numbered(NUMBER) | {"messaging.destination.name": "stock.fifo"}},
        {"attributes": numbered(NUMBER), "resource": {"deployment.environment.name": "test"}},
        {"attributes": numbered(NUMBER), "at": -60.0},
    ],
)
def test_another_queue_world_or_number_does_not_stitch(changes: dict[str, Any]) -> None:
    assert analysed(send(attributes=numbered(NUMBER)), delivery(**changes)).edges == {}


def test_queues_of_the_same_name_in_two_regions_are_two() -> None:
    url = "https://sqs.{}.amazonaws.com/123456789012/orders.fifo"
    ends = [
        {"aws.sqs.queue.url": url.format(region), "aws.sqs.sequence_number": NUMBER}
        for region in ("eu-west-1", "us-east-1")
    ]
    answers = analysed(send(attributes=FIFO | ends[0]), delivery(attributes=FIFO | ends[1]))
    assert answers.edges == {}


def test_number_and_message_id_that_agree_raise_the_confidence() -> None:
    told = numbered(NUMBER) | {"messaging.message.id": UUID}
    answers = analysed(send(attributes=told), delivery(attributes=told))
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.99


def test_a_topic_s_message_id_is_found_at_the_queue() -> None:
    topic = {"messaging.system": "aws.sns", "messaging.destination.name": "order-events"}
    told = {"messaging.message.id": UUID}
    answers = analysed(send(attributes=topic | told), delivery(attributes=told))
    assert answers.edges == {(SENT, DELIVERED): "message-id"}


def test_a_queue_s_message_id_is_not_a_topic_s() -> None:
    topic = {"messaging.system": "aws.sns", "messaging.destination.name": "order-events"}
    told = {"messaging.message.id": UUID}
    assert analysed(send(attributes=told), delivery(attributes=topic | told)).edges == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [("pulsar", "apache_pulsar"), ("rocketmq", "Apache RocketMQ"), ("nats", "nats-jetstream")],
)
def test_two_names_of_one_broker_are_one(one: str, other: str) -> None:
    told = {"messaging.message.id": UUID}
    answers = analysed(
        send(attributes=told | {"messaging.system": one}),
        delivery(attributes=told | {"messaging.system": other}),
    )
    assert answers.edges == {(SENT, DELIVERED): "message-id"}
