"""Consumers that say how many message attributes came to them, and no context among them."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link
from tests.unit.analyzer.messages import DELIVERED, UUID, delivery, send

ID = {"messaging.message.id": UUID}
BOTO3 = "opentelemetry.instrumentation.boto3sqs"
BOTOCORE = "opentelemetry.instrumentation.botocore"


def came(count: object) -> dict[str, Any]:
    return {"propagation.received.attributes": count}


def verdict(*spans: Any) -> tuple[str, set[str]]:
    """Of the consumer without context: the cause, and what else it may be."""
    orphan = analysed(*spans).orphans[DELIVERED]
    return orphan["cause_code"], {other["code"] for other in orphan["other_causes"]}


def test_ten_attributes_that_came_are_all_and_were_asked_for() -> None:
    sent = send(attributes=ID)
    assert verdict(sent, delivery(attributes=ID))[0] == "S1"
    cause, others = verdict(sent, delivery(attributes=ID | came(10)))

    assert cause == "S2"
    assert others >= {"S3", "S4"}
    assert "S1" not in others


def test_fewer_may_be_those_that_were_asked_for_by_name_but_left_room() -> None:
    sent, received = send(attributes=ID), delivery(attributes=ID | came(2))
    orphan = analysed(sent, received).orphans[DELIVERED]
    others = {other["code"]: other["confidence"] for other in orphan["other_causes"]}

    assert orphan["cause_code"] == "S2"
    assert others["S1"] == others["S3"] == 0.1


def test_the_root_says_what_came() -> None:
    orphan = analysed(send(attributes=ID), delivery(attributes=ID | came(4))).orphans[DELIVERED]
    [line] = [
        line for line in orphan["evidence"] if line["field"] == "propagation.received.attributes"
    ]
    assert line["value"] == "4"


@pytest.mark.parametrize(("count", "cause"), [(10, "S3"), (9, "S4")])
def test_a_library_that_injects_found_no_room_or_was_overwritten(count: int, cause: str) -> None:
    sent = send(attributes=ID, scope=BOTO3)
    assert verdict(sent, delivery(attributes=ID))[0] == "S1"
    assert verdict(sent, delivery(attributes=ID | came(count)))[0] == cause


def test_a_library_that_writes_no_attributes_is_s2_as_before() -> None:
    sent = send(attributes=ID, scope=BOTOCORE)
    assert verdict(sent, delivery(attributes=ID | came(3)))[0] == "S2"


def test_a_message_that_was_sent_on_is_s4() -> None:
    taken = delivery(id=12, trace=1, parent=0, service="sorter", at=0.5, duration=1.0)
    sent = send(attributes=ID, parent=12, service="sorter")
    assert verdict(taken, sent, delivery(attributes=ID | came(3)))[0] == "S4"


def test_a_dead_letter_whose_attributes_came_is_not_s11() -> None:
    place = {"messaging.destination.name": "orders-dlq"}
    sent = send(attributes=ID | place)
    assert verdict(sent, delivery(attributes=ID | place))[0] == "S11"
    assert verdict(sent, delivery(attributes=ID | place | came(3)))[0] == "S2"


def test_attributes_beside_the_body_are_those_of_a_topic_with_raw_delivery() -> None:
    topic = {"messaging.system": "aws_sns", "messaging.destination.name": "announced"}
    order = {"order.id": "1"}
    sent = send(attributes=topic | order)
    assert verdict(sent, delivery(attributes=order))[0] == "S9"
    cause, others = verdict(sent, delivery(attributes=order | came(3)))
    assert (cause, others & {"S1", "S9"}) == ("S2", {"S1"})


def test_a_handler_whose_library_saw_the_attributes_does_not_look_for_other_names() -> None:
    invoked = {"faas.trigger": "pubsub", "faas.invocation_id": "i-1"}
    sent = send(attributes=ID)
    assert verdict(sent, delivery(attributes=ID | invoked))[0] == "S7"
    cause, others = verdict(sent, delivery(attributes=ID | invoked | came(1)))
    assert (cause, "S7" in others) == ("S2", False)


def test_of_a_batch_it_stands_on_the_links() -> None:
    unread, told = link(0, 0, ID), link(0, 0, ID | came(10))
    assert verdict(send(attributes=ID), delivery(links=[unread]))[0] == "S1"
    assert verdict(send(attributes=ID), delivery(links=[told]))[0] == "S2"


@pytest.mark.parametrize("count", [0, -3, "", "many", 2.5, [], -(2**63)])
def test_what_is_no_number_of_attributes_says_nothing(count: object) -> None:
    assert verdict(send(attributes=ID), delivery(attributes=ID | came(count)))[0] == "S1"
