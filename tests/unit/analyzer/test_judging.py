"""Judging again, when what stands beside a root changed."""

from typing import Any

import polars as pl

from analyzer.analysis import Answers, analyse
from analyzer.judging import Judge, select_at
from tests.analysed import endpoint_facts
from tests.builders import batch, span
from tests.unit.analyzer.messages import delivery, send

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
POLL = span(
    "orders receive",
    trace=2,
    id=20,
    kind="CONSUMER",
    service="worker",
    at=2.0,
    attributes=QUEUE | {"messaging.operation.type": "receive", "messaging.batch.message_count": 1},
)
PROCESS = span(
    "orders process",
    trace=1,
    id=22,
    parent=11,
    kind="CONSUMER",
    service="worker",
    at=2.0,
    flags=0x300,
    attributes=QUEUE | {"messaging.operation.type": "process"},
)


def analysed(*spans: Any) -> Answers:
    return analyse(batch(*spans))


def facts(*spans: Any) -> pl.DataFrame:
    return endpoint_facts(analysed(*spans).endpoints)


def shown(judged: pl.DataFrame) -> list[int]:
    return judged.filter(~pl.col("hidden"))["span_id"].to_list()


def test_a_root_that_facts_judged_away_comes_back_with_other_facts() -> None:
    roots = analysed(send(), POLL).orphans
    alone, processed = facts(send(), POLL), facts(send(), POLL, PROCESS)

    first = Judge().judge(roots, alone)
    hidden = Judge().judge(first, processed)

    assert (shown(first), shown(hidden)) == ([20], [])
    assert Judge().judge(hidden, alone).equals(first)
    assert Judge().judge(roots, processed).equals(hidden)
    one = Judge()  # what it remembers changes nothing
    for told in (alone, processed, alone):
        assert one.judge(roots, told).equals(Judge().judge(roots, told))


def test_only_roots_whose_surroundings_changed_are_judged_again() -> None:
    other = delivery(
        trace=3,
        id=31,
        service="other",
        attributes={"messaging.destination.name": "invoices"},
    )
    before = facts(send(), POLL, other)
    roots = analysed(send(), POLL, other).orphans
    judged = Judge().judge(roots, before)
    assert sorted(shown(judged)) == [20, 31]

    def affected(*more: Any) -> list[int]:
        after = pl.concat([before, facts(*more)], how="diagonal")
        judge = Judge()
        judge.judge(roots, before)
        places = judge.find_affected(before, after)
        assert places is not None
        return sorted(select_at(judged, places)["span_id"].to_list())

    assert affected() == []
    named = {"trace": 7, "service": "new"}
    elsewhere = {"messaging.destination.name": "letters"}
    assert affected(send(attributes=elsewhere, **named)) == []
    assert affected(send(attributes={"messaging.destination.name": "invoices"}, **named)) == [31]
    assert affected(send(resource={"deployment.environment.name": "test"}, **named)) == []
    assert affected(send(), PROCESS) == [20]


def test_roots_are_compared_by_what_they_said_themselves() -> None:
    """A verdict fills in destination and producer; it is no reason to look elsewhere."""
    silent = delivery(attributes={"messaging.destination.name": ""})
    before = facts(send(), silent)
    judge = Judge()
    judged = judge.judge(analysed(send(), silent).orphans, before)
    assert judged["destination"].to_list() == ["orders"]
    second = {"messaging.destination.name": "letters"}
    after = pl.concat([before, facts(send(trace=7, service="b", attributes=second))])
    places = judge.find_affected(before, after)
    assert places is not None
    found = select_at(judged, places)
    assert found["span_id"].to_list() == [21]
    assert Judge().judge(found, after)["destination"].to_list() == [None]


def test_what_no_verdict_looked_at_changes_none_and_what_one_looked_at_does_later() -> None:
    """Whether broken messages alternate with connected ones is asked of queues only."""

    def at(system: str) -> dict[str, Any]:
        return {"attributes": {"messaging.system": system}}

    topic = delivery(trace=3, id=31, service="reader", **at("kafka"))
    queue = delivery(trace=4, id=41, service="worker", **at("aws_sqs"))
    spans = (send(**at("aws_sqs")), topic, queue)
    roots, before = analysed(*spans).orphans, facts(*spans)
    mixed = before.with_columns(mixed=pl.lit(value=True))
    sent = pl.concat([mixed, facts(send(trace=5, **at("kafka")))])
    judge = Judge()
    judge.judge(roots, before)

    def affected(old: pl.DataFrame, new: pl.DataFrame) -> list[int]:
        places = judge.find_affected(old, new)
        assert places is not None
        return sorted(select_at(roots, places)["span_id"].to_list())

    assert affected(before, mixed) == [41]
    judge.judge(roots.filter(span_id=41), mixed)
    assert affected(mixed, sent) == [31]
    judge.judge(roots.filter(span_id=31), sent)
    assert affected(sent, sent) == []


def test_roots_that_others_facts_judged_since_are_not_told_apart() -> None:
    spans = (send(), POLL)
    roots, first = analysed(*spans).orphans, facts(*spans)
    other = facts(send(), POLL, PROCESS)
    judge = Judge()
    judge.judge(roots, first)
    judge.judge(roots, other)
    assert judge.find_affected(first, other) is None
    assert judge.find_affected(other, other.clone()) is not None


def test_of_roots_that_differ_in_their_records_alone_each_gets_its_own_verdict() -> None:
    """A record from before what is stored, and one of another partition."""

    def record(partition: int, offset: int) -> dict[str, Any]:
        return {
            "messaging.system": "kafka",
            "messaging.destination.partition.id": str(partition),
            "messaging.kafka.offset": offset,
        }

    sent = send(attributes={"messaging.system": "kafka"})
    connected = delivery(trace=1, parent=11, flags=0x300, attributes=record(0, 100))
    old, other = (
        delivery(trace=trace, id=trace, at=3.0, attributes=record(partition, 50))
        for trace, partition in ((5, 0), (6, 1))
    )
    told = facts(sent, connected)
    roots = analysed(sent, connected, old, other).orphans
    judged = Judge().judge(roots, told)
    alone = [Judge().judge(roots.filter(trace_lo=trace), told) for trace in (5, 6)]
    assert judged.sort("trace_lo").equals(pl.concat(alone))
    assert judged["cause_code"].n_unique() == 2
