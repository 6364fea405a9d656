"""A shared value joins no two messages whose own ids differ."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, SENT, UUID, delivery, send

OTHER = UUID[:-1] + "2"
SHARED = [
    ORDER,
    KAFKA | {"messaging.kafka.message.key": "customer-1"},
    {"messaging.message.conversation_id": "talk-1"},
]
IDS = ["order", "record key", "conversation"]


def _edges(shared: dict[str, Any], sent: dict[str, Any], received: dict[str, Any]) -> set[Any]:
    answers = analysed(send(attributes=shared | sent), delivery(attributes=shared | received))
    return set(answers.edges)


@pytest.mark.parametrize("shared", SHARED, ids=IDS)
def test_other_ids_on_both_ends_are_of_two_messages(shared: dict[str, Any]) -> None:
    mine, theirs = {"messaging.message.id": UUID}, {"messaging.message.id": OTHER}
    assert _edges(shared, mine, theirs) == set()
    assert _edges(shared, mine, mine) == {(SENT, DELIVERED)}
    assert _edges(shared, mine, {}) == _edges(shared, {}, theirs) == {(SENT, DELIVERED)}


def test_records_at_other_places_of_a_topic_are_two() -> None:
    places: list[dict[str, Any]] = [
        KAFKA | {"messaging.destination.partition.id": "1", "messaging.kafka.offset": offset}
        for offset in (5, 9)
    ]
    fifth, ninth = places
    assert _edges(ORDER, fifth, ninth) == set()
    assert _edges(ORDER, fifth, KAFKA) == {(SENT, DELIVERED)}


def test_ids_in_other_words_or_of_another_queue_say_nothing() -> None:
    mine = {"messaging.message.id": UUID}
    assert _edges(ORDER, mine, {"messaging.message.id": "ID:host-1"}) == {(SENT, DELIVERED)}
    dead = {"messaging.message.id": OTHER, "messaging.destination.name": "orders-dlq"}
    assert _edges(ORDER, mine, dead) == {(SENT, DELIVERED)}


def test_a_record_that_names_a_producer_that_is_not_stored_is_another() -> None:
    key = KAFKA | {"messaging.kafka.message.key": "customer-1"}
    named = delivery(attributes=key, parent=99, flags=0x300)
    assert analysed(send(attributes=key), named).edges == {}
    linked = delivery(attributes=key, links=[link(trace=7, id=99, flags=0x300)])
    assert analysed(send(attributes=key), linked).edges == {}
