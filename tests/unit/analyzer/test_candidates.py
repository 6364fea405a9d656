"""Candidates: who may have sent it, where no id tells."""

from typing import Any

import polars as pl

from analyzer.analysis import analyse
from analyzer.candidates import find_candidates
from analyzer.judging import Judge
from tests.analysed import endpoint_facts
from tests.builders import batch, span
from tests.unit.analyzer.messages import ORDER, delivery, send

SILENT = {"messaging.destination.name": ""}


def candidates(*spans: Any) -> dict[tuple[int, int], tuple[tuple[int, int], float]]:
    """Orphan root -> candidate producer and confidence."""
    answers = analyse(batch(*spans))
    orphans = Judge().judge(answers.orphans, endpoint_facts(answers.endpoints))
    sends = pl.DataFrame(answers.endpoints).filter(pl.col("role") == "send")
    return {
        (row["consumer_trace_lo"], row["consumer_span_id"]): (
            (row["producer_trace_lo"], row["producer_span_id"]),
            row["confidence"],
        )
        for row in find_candidates(orphans, sends).to_dicts()
    }


def test_a_message_alone_in_its_queue_is_a_good_candidate() -> None:
    assert candidates(send(), delivery()) == {(2, 21): ((1, 11), 0.6)}


def test_messages_that_wait_together_go_in_the_order_of_sending() -> None:
    found = candidates(
        send(at=1.0),
        send(trace=3, id=31, at=1.5),
        delivery(at=2.0),
        delivery(trace=4, id=41, at=2.5),
    )
    assert found == {(2, 21): ((1, 11), 0.4), (4, 41): ((3, 31), 0.4)}


def test_a_silent_consumer_is_compared_by_the_domain_of_its_name() -> None:
    assert candidates(send(), delivery(attributes=SILENT)) == {(2, 21): ((1, 11), 0.6)}
    other = send(name="refund.publish")
    assert candidates(other, delivery(attributes=SILENT)) == {}


def test_another_queue_or_environment_a_later_or_an_old_send_is_no_candidate() -> None:
    assert candidates(send(attributes={"messaging.destination.name": "refunds"}), delivery()) == {}
    staging = send(resource={"deployment.environment.name": "staging"})
    assert candidates(staging, delivery()) == {}
    assert candidates(send(at=3.0), delivery(at=2.0)) == {}
    assert candidates(send(at=1.0), delivery(at=1.0 + 16 * 60)) == {}


def test_a_send_that_lost_its_request_is_no_message_that_others_sent() -> None:
    """Nor is it its own producer: it ends after it begins."""
    request = span(
        name="POST /orders",
        trace=5,
        id=51,
        kind="SERVER",
        service="order-service",
        at=0.9,
        duration=0.3,
        attributes=ORDER,
    )
    lost, before = send(attributes=ORDER), send(trace=3, id=31, at=0.5)
    assert analyse(batch(request, lost, before)).orphans["span_id"].to_list() == [11]
    assert candidates(request, lost, before) == {}
