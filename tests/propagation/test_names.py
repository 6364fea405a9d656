"""Names of attributes of both ages."""

from tracestitch_propagation.messages import Attributes
from tracestitch_propagation.names import LONGEST_TEXT, name_attributes

CURRENT: Attributes = {
    "messaging.system": "kafka",
    "messaging.destination.name": "orders",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
    "messaging.message.id": "m-1",
    "messaging.destination.partition.id": "3",
    "messaging.kafka.offset": 7,
}
OLD: Attributes = {
    "messaging.system": "kafka",
    "messaging.destination": "orders",
    "messaging.operation": "publish",
    "messaging.message_id": "m-1",
    "messaging.kafka.partition": 3,
    "messaging.kafka.message.offset": 7,
}


def test_current_names_stay() -> None:
    assert name_attributes(CURRENT, "current") == CURRENT


def test_old_names_are_those_of_tutorials() -> None:
    assert name_attributes(CURRENT, "old") == OLD


def test_both_ages_stand_side_by_side() -> None:
    assert name_attributes(CURRENT, "both") == {**OLD, **CURRENT}


def test_a_partition_that_is_no_number_stays_text() -> None:
    given: Attributes = {"messaging.destination.partition.id": "shard-1"}

    assert name_attributes(given, "old") == {"messaging.kafka.partition": "shard-1"}


def test_a_text_that_would_cost_the_whole_export_is_cut() -> None:
    given: Attributes = {"messaging.kafka.message.key": "k" * 1_000_000}
    cut = "k" * LONGEST_TEXT

    assert name_attributes(given, "current") == {"messaging.kafka.message.key": cut}
    assert name_attributes(given, "both") == {
        "messaging.kafka.message.key": cut,
        "messaging.kafka.message_key": cut,
    }
