"""Ids that name different producers: a note, never a silent choice."""

import json

from tests.analysed import analysed
from tests.unit.analyzer.messages import DELIVERED, SENT, UUID, delivery, send

RECORD = {
    "messaging.system": "kafka",
    "messaging.kafka.partition": 3,
    "messaging.kafka.offset": 7,
    "messaging.kafka.cluster.id": "c1",
}


def test_two_ids_that_name_different_producers_are_a_note_and_one_edge() -> None:
    answers = analysed(
        send(attributes=RECORD | {"messaging.message.id": "another"}),
        send(
            trace=3, id=31, attributes={"messaging.system": "kafka", "messaging.message.id": UUID}
        ),
        delivery(attributes=RECORD | {"messaging.message.id": UUID}),
    )
    assert answers.edges == {(SENT, DELIVERED): "kafka-offset"}
    assert answers.connections[(3, 31), DELIVERED]["confidence"] == 0.6
    (note,) = json.loads(answers.connections[SENT, DELIVERED]["notes"])
    assert note["code"] == "contradiction"


def test_two_ids_that_name_the_same_producer_agree() -> None:
    both = RECORD | {"messaging.message.id": UUID}
    answers = analysed(send(attributes=both), delivery(attributes=both))
    assert set(answers.edges) == {(SENT, DELIVERED)}
    assert answers.connections[SENT, DELIVERED]["notes"] == "[]"
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.99


def test_a_message_id_that_two_sends_carry_contradicts_nothing() -> None:
    told = {"messaging.message.id": UUID}
    answers = analysed(
        send(attributes=told), send(trace=3, id=31, attributes=told), delivery(attributes=told)
    )
    assert {c["notes"] for c in answers.connections.values()} == {"[]"}
