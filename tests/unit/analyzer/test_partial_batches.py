"""Batches of which some messages brought a context: the ids of the others find their sends."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.analysed import Analysed, analysed
from tests.builders import link
from tests.unit.analyzer.messages import DELIVERED, KAFKA, SENT, UUID, delivery, send

OTHER_UUID = "7f0c8a52-12d4-4f3e-8d5b-6a1f4be0c9aa"
FIRST = {"messaging.message.id": UUID}
SECOND = {"messaging.message.id": OTHER_UUID}
OTHER = (3, 31)
EMPTY = link(0, 0, attributes=SECOND)


def other(**changes: Any) -> Any:
    """A second publisher."""
    return send(**{"trace": 3, "id": 31, "name": "refund.publish", "attributes": SECOND} | changes)


def batch(*links: Any, **changes: Any) -> Any:
    return delivery(links=links or [link(1, 11), EMPTY], **changes)


def joined(*spans: Any) -> dict[Any, str]:
    answers: Analysed = analysed(*spans)
    assert answers.causes == {}
    return answers.edges


def test_the_id_on_a_link_without_context_finds_the_second_publisher() -> None:
    answers = analysed(send(), other(), batch())

    assert answers.edges == {(SENT, DELIVERED): "link", (OTHER, DELIVERED): "message-id"}
    assert answers.causes == {}
    assert answers.connections[OTHER, DELIVERED]["relation"] == "stitch"
    assert answers.connections[OTHER, DELIVERED]["evidence"] == [
        {"field": "messaging.message.id", "producer": OTHER_UUID, "consumer": OTHER_UUID}
    ]


def test_a_record_s_position_does_as_well() -> None:
    told = KAFKA | {"messaging.destination.partition.id": "0", "messaging.kafka.offset": 7}
    place = {name: told[name] for name in list(told)[2:]}

    spans = send(attributes=KAFKA), other(attributes=told)
    consumer = batch(link(1, 11), link(0, 0, attributes=place), attributes=KAFKA)
    assert joined(*spans, consumer)[OTHER, DELIVERED] == "kafka-offset"


def test_a_batch_s_publisher_names_its_ids_on_events() -> None:
    publisher = other(attributes={}, events=[("message.sent", SECOND), ("message.sent", FIRST)])

    assert joined(send(), publisher, batch())[OTHER, DELIVERED] == "message-id"


def test_a_link_whose_target_is_not_stored_tells_its_id_too() -> None:
    lost = link(77, 7, attributes=SECOND)

    assert joined(send(), other(), batch(link(1, 11), lost))[OTHER, DELIVERED] == "message-id"


def test_events_that_name_more_messages_than_there_are_links_tell_the_others() -> None:
    events = [("message.received", FIRST), ("message.received", SECOND)]

    found = joined(send(attributes=FIRST), other(), batch(link(1, 11), events=events))
    assert found == {(SENT, DELIVERED): "link", (OTHER, DELIVERED): "message-id"}


@pytest.mark.parametrize(
    "consumer",
    [
        batch(link(1, 11), link(3, 31), EMPTY),  # its producer is connected already
        batch(link(1, 11), link(3, 31, attributes=SECOND)),
        batch(link(1, 11), link(3, 30), EMPTY),  # by a span above the send
    ],
)
def test_a_publisher_that_is_connected_already_is_not_found_again(consumer: Any) -> None:
    request = send(trace=3, id=30, name="POST /refunds", kind="SERVER", attributes={})
    spans = send(), request, other(parent=30), consumer

    assert [rule for (producer, _), rule in joined(*spans).items() if producer[0] == 3] in (
        ["link"],
        [],
    )


def test_an_instrumented_call_below_the_publisher_is_the_publisher() -> None:
    call = send(
        trace=3, id=32, parent=31, name="SQS.SendMessage", kind="CLIENT", attributes=SECOND
    )  # the link names the outer of the two
    spans = send(), other(attributes={}), call, batch(link(1, 11), link(3, 31), EMPTY)

    assert [rule for (producer, _), rule in joined(*spans).items() if producer[0] == 3] == ["link"]


@pytest.mark.parametrize(
    "links",
    [
        [link(1, 11), link(0, 0)],  # nothing is said of the second
        [link(1, 11), link(0, 0, attributes={"messaging.message.id": "1"})],
        [link(1, 11), link(0, 0, attributes=FIRST)],  # nobody's
    ],
)
def test_what_names_nobody_joins_nothing(links: list[Any]) -> None:
    assert set(joined(send(), other(), batch(*links))) == {(SENT, DELIVERED)}


def test_an_event_for_each_linked_message_tells_of_no_other() -> None:
    """The id of a message that the consumer got with its context and somebody sent again."""
    events = [("message.received", SECOND)]

    spans = send(), other(), batch(link(1, 11), events=events)
    assert set(joined(*spans)) == {(SENT, DELIVERED)}


def test_links_that_the_sdk_dropped_are_no_messages_without_context() -> None:
    events = [("message.received", FIRST), ("message.received", SECOND)]
    consumer = batch(link(1, 11), events=events, dropped_links_count=1)

    assert set(joined(send(attributes=FIRST), other(), consumer)) == {(SENT, DELIVERED)}


def test_what_a_batch_sends_itself_is_not_what_it_received() -> None:
    told = [("put", FIRST), ("put", SECOND)]
    onward = other(trace=2, id=22, parent=21, service="payment-service")

    spans = send(), onward, batch(link(1, 11), events=told)
    assert set(joined(*spans)) == {(SENT, DELIVERED)}


def test_an_order_of_a_message_that_its_id_found_is_not_asked_again() -> None:
    """And the one of a third message, of which no id is told, is."""
    work = [
        delivery(
            id=22 + n, parent=21, kind="INTERNAL", name="handle", attributes={"order.id": text}
        )
        for n, text in enumerate("ABC")
    ]
    spans = [
        send(attributes={"order.id": "A"}),
        other(attributes=SECOND | {"order.id": "B"}),
        send(trace=4, id=41, attributes={"order.id": "C"}),
    ]
    found = joined(*spans, batch(), *work)
    assert found == {
        (SENT, DELIVERED): "link",
        (OTHER, DELIVERED): "message-id",
        ((4, 41), DELIVERED): "correlation-id",
    }


def message_id(number: int) -> dict[str, str]:
    return {"messaging.message.id": f"0d5e1c2a-7b1f-4c55-9f1e-{number:012d}"}


# How a message of a batch stands on its span: what names its sender.
CARRIED: dict[str, Callable[[int], Any]] = {
    "link": lambda n: link(100 + n, 1000 + n),
    "link with id": lambda n: link(100 + n, 1000 + n, attributes=message_id(n)),
    "id without context": lambda n: link(0, 0, attributes=message_id(n)),
    "id with a lost context": lambda n: link(9_000 + n, 9_000 + n, attributes=message_id(n)),
    "nothing": lambda _: link(0, 0),
}


def test_each_message_of_each_batch_is_joined_with_its_own_publisher() -> None:
    """All batches of up to three messages, beside each other in one store."""
    kinds_of = sorted(CARRIED)
    batches = [kinds for size in (1, 2, 3) for kinds in product(kinds_of, repeat=size)]
    spans, joined, number = [], set(), 0
    for place, kinds in enumerate(batches):
        consumer = (2_000 + place, 5_000 + place)
        links = []
        for kind in kinds:
            producer = (100 + number, 1000 + number)
            sent = message_id(number)
            spans.append(send(trace=producer[0], id=producer[1], at=0.01 * number, attributes=sent))
            links.append(CARRIED[kind](number))
            if kind != "nothing":
                joined.add((producer, consumer))
            number += 1
        spans.append(delivery(trace=consumer[0], id=consumer[1], at=10.0 + place, links=links))

    assert set(analysed(*spans).edges) == joined
