"""The loop around the analyzer, when a pass fails."""

from typing import Any

import polars as pl
import pytest

from analyzer.judging import Judge
from storage.contract import OrphanQuery, Page, StoreError
from storage.memory import MemoryStore
from tests.builders import batch, link, span
from tracestitch.analysis import AnalysisLoop


class FailingOnce(MemoryStore):
    """The second half of the first pass does not get through."""

    failed = False

    def replace_orphans(self, *answers: Any) -> None:
        if not self.failed:
            self.failed = True
            raise StoreError("full")
        super().replace_orphans(*answers)


def spans(first: int) -> Any:
    queue = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    return batch(
        span("send", trace=first, id=first, kind="PRODUCER", attributes=queue),
        span(
            "process",
            trace=first + 1,
            id=first + 1,
            kind="CONSUMER",
            attributes=queue,
            links=[link(trace=first, id=first)],
        ),
    )


def test_a_pass_that_failed_half_way_leaves_no_count_behind() -> None:
    store = FailingOnce()
    loop = AnalysisLoop(store)
    store.append(spans(1), 1)
    with pytest.raises(StoreError):
        loop.run_once()
    for first in (10, 20):
        store.append(spans(first), 1)
        while loop.run_once():
            pass

    fresh = AnalysisLoop(store)
    before = fresh._surroundings.read(store.traces_since(0, 1)[0])
    counted = fresh._surroundings._known
    kept = loop._surroundings._known
    assert before is not None
    assert counted is not None
    assert kept is not None
    order = sorted(kept.columns)
    assert kept.select(order).sort(order).equals(counted.select(order).sort(order))


def test_a_new_name_judges_only_those_roots_again_that_it_is_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def root(trace: int, queue: str) -> Any:
        told = {"messaging.system": "aws_sqs", "messaging.destination.name": queue}
        return span("process", trace=trace, id=trace, kind="CONSUMER", attributes=told)

    def sent(trace: int, queue: str) -> Any:
        told = {"messaging.system": "aws_sqs", "messaging.destination.name": queue}
        return span("send", trace=trace, id=trace, kind="PRODUCER", attributes=told)

    judged: list[list[int]] = []

    class Spy(Judge):
        def judge(self, roots: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
            judged.append(sorted(roots["span_id"].to_list()))
            return super().judge(roots, facts)

    monkeypatch.setattr("tracestitch.analysis.Judge", Spy)
    store = MemoryStore()
    loop = AnalysisLoop(store)
    for spans_ in ([root(1, "a"), root(2, "b")], [sent(3, "a")], [sent(4, "c")], [sent(5, "c")]):
        store.append(batch(*spans_), 1)
        assert loop.run_once()

    assert [roots for roots in judged if roots] == [[1, 2], [1]]


def test_roots_are_judged_a_part_at_a_time_and_none_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {"messaging.system": "aws_sqs", "messaging.destination.name": "a"}
    roots = [span("process", trace=n, id=n, kind="CONSUMER", attributes=told) for n in range(1, 8)]
    sent = span("send", trace=9, id=9, kind="PRODUCER", attributes=told)

    def causes(at_once: int) -> list[tuple[int, str]]:
        monkeypatch.setattr("tracestitch.judged_roots._AT_ONCE", at_once)
        store = MemoryStore()
        loop = AnalysisLoop(store)
        for spans_ in (roots, [sent]):
            store.append(batch(*spans_), 1)
            while loop.run_once():
                pass
        rows = pl.DataFrame(store.orphans(OrphanQuery(), Page(limit=100)).table)
        return sorted(rows.select("span_id", "cause_code").rows())

    assert causes(2) == causes(1_000)
    assert len(causes(2)) == 7
