"""A message that a broker's library and a framework above it tell of is one delivery."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import SENT, delivery, send

EXCHANGE = {"messaging.system": "rabbitmq", "messaging.destination.name": "orders"}
QUEUE = {"messaging.system": "rabbitmq", "messaging.destination.name": "orders.created"}
LOWER, ABOVE = "io.opentelemetry.rabbitmq-2.7", "io.opentelemetry.spring-rabbit-1.0"


def lower(**changes: Any) -> Any:
    """The library hands the message to the framework, and its span ends."""
    told = {"id": 20, "scope": LOWER, "duration": 0.001, "links": [link(1, 11)]}
    return delivery(**({**told, "attributes": EXCHANGE} | changes))


def above(**changes: Any) -> Any:
    told = {"trace": 1, "parent": 11, "flags": 0x300, "scope": ABOVE, "at": 2.01}
    return delivery(**({**told, "attributes": QUEUE} | changes))


def work(**changes: Any) -> Any:
    return span("charge", **({"trace": 1, "id": 22, "parent": 21, "at": 2.02} | changes))


SENDS = send(attributes=EXCHANGE)
FRAMEWORK = (SENT, (1, 21))


def test_the_frameworks_span_stands_for_the_librarys() -> None:
    answers = analysed(SENDS, lower(), above(), work(service="payment-service"))
    assert list(answers.edges) == [FRAMEWORK]
    assert answers.causes == {}
    assert (2, 20) not in answers.endpoints  # else the edge would count two deliveries


def test_each_attempt_is_one() -> None:
    again = [lower(trace=3, id=30, at=5.0), above(id=31, at=5.01)]
    answers = analysed(SENDS, lower(), above(), *again)
    assert set(answers.edges) == {FRAMEWORK, (SENT, (1, 31))}


@pytest.mark.parametrize(
    "other",
    [
        above(scope=LOWER),  # the same library again: another attempt
        above(at=60.0),  # much later
        above(id=21, service="audit-service"),  # another consumer
        above(attributes=QUEUE | {"messaging.system": "aws_sqs"}),  # over another broker
    ],
)
def test_what_does_not_pair_off_stands(other: Any) -> None:
    assert len(analysed(SENDS, lower(), other).edges) == 2


def test_two_queues_of_one_topic_are_two() -> None:
    topic = {"messaging.system": "aws_sns", "messaging.destination.name": "orders"}
    one = lower(attributes={"messaging.system": "aws_sqs", "messaging.destination.name": "billing"})
    other = above(attributes={"messaging.system": "aws_sqs", "messaging.destination.name": "stock"})
    assert len(analysed(send(attributes=topic), one, other).edges) == 2


def test_the_library_with_the_work_below_it_stays() -> None:
    inside = work(trace=2, parent=20, service="payment-service")
    assert len(analysed(SENDS, lower(), above(), inside).edges) == 2
