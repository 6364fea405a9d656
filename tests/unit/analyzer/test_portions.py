"""Rules that compare many pairs do so by portions, and find the same."""

from typing import Any

import pytest

from analyzer import rules
from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import KAFKA, UUID, delivery, send


def _pairs(attributes: dict[str, Any]) -> list[Any]:
    """Five sends and five deliveries that all say the same."""
    sends = [send(trace=i, at=i, attributes=attributes) for i in range(1, 6)]
    deliveries = [delivery(trace=10 + i, at=10 + i, attributes=attributes) for i in range(1, 6)]
    return [*sends, *deliveries]


@pytest.mark.parametrize(
    "attributes",
    [
        {"messaging.message.id": UUID},
        {"aws.sqs.sequence_number": "18849496460467696128"},
        KAFKA | {"messaging.destination.partition.id": "1", "messaging.kafka.offset": 5},
    ],
    ids=["message id", "sequence number", "record"],
)
@pytest.mark.parametrize("at_once", [1, 7, 12])
def test_portions_change_no_answer(
    attributes: dict[str, Any], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = analysed(*_pairs(attributes))
    assert len(whole.edges) == 5
    monkeypatch.setattr(rules, "PAIRS_AT_ONCE", at_once)
    assert analysed(*_pairs(attributes)).connections == whole.connections


@pytest.mark.parametrize("at_once", [1, 7, 12])
def test_portions_change_no_answer_about_one_trace(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = [{"messaging.destination.name": f"queue {i}"} for i in range(5)]
    spans = [send(id=11 + i, at=i, attributes=queue) for i, queue in enumerate(queues)]
    lost: dict[str, Any] = {"trace": 1, "flags": 0x300, "service": "reader"}
    spans += [
        delivery(id=21 + i, at=21 + i, parent=900 + i, attributes=queue, **lost)
        for i, queue in enumerate(queues)
    ]
    whole = analysed(*spans)
    assert len(whole.edges) == 5
    monkeypatch.setattr(rules, "PAIRS_AT_ONCE", at_once)
    assert analysed(*spans).connections == whole.connections


def test_many_deliveries_of_one_missing_span_are_not_compared_with_each_other() -> None:
    many = 6_000  # each with each were 36 million pairs, gigabytes
    spans = [
        delivery(trace=1, id=20 + i, at=2 + i, parent=5, flags=0x300, service=f"reader {i % 7}")
        for i in range(many)
    ]
    found = analysed(send(at=1), *spans)
    assert {producer for producer, _ in found.edges} == {(1, 11)}


def test_a_link_to_another_trace_says_that_the_producer_is_not_in_this_one() -> None:
    # a web request in the sender's trace reads the queue and gets somebody else's message
    call: dict[str, Any] = {"trace": 1, "service": "order-service", "at": 0.5}
    spans = [
        span("POST /", id=1, kind="SERVER", **call),
        send(parent=1),
        span("GET", id=2, parent=1, kind="CLIENT", **call),
        span(
            "GET /next",
            trace=1,
            id=3,
            parent=2,
            kind="SERVER",
            service="payment-service",
            flags=0x300,
        ),
    ]
    linked = delivery(trace=1, parent=3, links=[link(trace=7, id=99, flags=0x300)])
    assert analysed(*spans, linked).edges == {}
