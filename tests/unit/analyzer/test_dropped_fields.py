"""Producers that say which fields of the context found no room in their message."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.unit.analyzer.messages import DELIVERED, UUID, delivery, send

ID = {"messaging.message.id": UUID}
OTHER_ID = {"messaging.message.id": "7c0f3a51-33d2-4a6b-8f55-0d6a7d1e9b10"}


def dropped(*fields: str) -> tuple[str, dict[str, Any]]:
    return "propagation.dropped", {"propagation.dropped.fields": list(fields)}


def verdict(sent: Any) -> tuple[str, float]:
    """Of a consumer without context, whose message `sent` is."""
    orphan = analysed(sent, delivery(attributes=ID)).orphans[DELIVERED]
    return orphan["cause_code"], orphan["cause_confidence"]


@pytest.mark.parametrize(
    "events",
    [
        [dropped("traceparent", "baggage")],
        [dropped("baggage"), dropped("traceparent")],  # one at a time
        [dropped("b3")],
    ],
)
def test_a_context_that_its_producer_left_out_is_s3_for_sure(events: list[Any]) -> None:
    assert verdict(send(attributes=ID, events=events)) == ("S3", 0.96)


def test_the_root_tells_who_said_so() -> None:
    sent = send(attributes=ID, events=[dropped("traceparent")])
    evidence = analysed(sent, delivery(attributes=ID)).orphans[DELIVERED]["evidence"]
    assert "propagation.dropped" in {line["field"] for line in evidence}


@pytest.mark.parametrize("fields", [[], ["baggage"], ["tracestate", "baggage"], ["Baggage"]])
def test_baggage_alone_leaves_room_for_the_context(fields: list[str]) -> None:
    """The context was written, and the consumer did not read it."""
    assert verdict(send(attributes=ID, events=[dropped(*fields)]))[1] != 0.96


def test_of_a_batch_all_messages_must_have_gone_without() -> None:
    sent = [("message.sent", ID), ("message.sent", OTHER_ID)]
    one, both = [dropped("traceparent")], [dropped("traceparent")] * 2

    assert verdict(send(events=[*sent, *one]))[1] != 0.96
    assert verdict(send(events=[*sent, *both])) == ("S3", 0.96)
    counted = {"messaging.batch.message_count": 2} | ID
    assert verdict(send(attributes=counted, events=one))[1] != 0.96


def test_what_another_send_left_out_says_nothing() -> None:
    other = send(trace=3, id=31, attributes=OTHER_ID, events=[dropped("traceparent")])
    answers = analysed(send(attributes=ID), other, delivery(attributes=ID))
    assert answers.orphans[DELIVERED]["cause_confidence"] != 0.96


@pytest.mark.parametrize("value", ["", 7, {}, ["\\x00"], [[]], "x" * 10_000])
def test_whatever_stands_there_is_survived(value: Any) -> None:
    sent = send(
        attributes=ID, events=[("propagation.dropped", {"propagation.dropped.fields": value})]
    )
    assert DELIVERED in analysed(sent, delivery(attributes=ID)).causes
