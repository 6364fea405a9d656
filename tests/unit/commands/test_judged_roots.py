"""Stored roots are found by their places, whatever the store was asked."""

from typing import Any

import polars as pl
import pytest

from analyzer.judging import Judge
from storage.contract import OrphanQuery
from storage.memory import MemoryStore
from storage.schema import ORPHANS
from tests.builders import batch, span
from tracestitch.analysis import AnalysisLoop
from tracestitch.judged_roots import judge_again, stored_roots


class _Asked(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str | None] = []

    def orphans(self, query: OrphanQuery, page: Any) -> Any:
        self.asked.append(query.service)
        return super().orphans(query, page)


def root(trace: int, service: str, queue: str) -> Any:
    told = {"messaging.system": "aws_sqs", "messaging.destination.name": queue}
    return span("process", trace=trace, id=trace, kind="CONSUMER", service=service, attributes=told)


def send(trace: int, queue: str) -> Any:
    told = {"messaging.system": "aws_sqs", "messaging.destination.name": queue}
    return span("send", trace=trace, id=trace, kind="PRODUCER", attributes=told)


def analysed(*spans: Any) -> tuple[_Asked, AnalysisLoop]:
    store = _Asked()
    loop = AnalysisLoop(store)
    store.append(batch(*spans), 1)
    while loop.run_once():
        pass
    store.asked.clear()
    return store, loop


def places(*rows: dict[str, str | None]) -> pl.DataFrame:
    names = ["environment", "service_namespace", "system", "destination", "service_name"]
    names += ["consumer_group", "span_name", "domain"]
    like = {"system": "aws_sqs", "span_name": "process"}
    full = [dict.fromkeys(names) | like | row for row in rows]
    return pl.DataFrame(full, schema=dict.fromkeys(names, pl.String))


@pytest.mark.parametrize(
    ("services", "asked"),
    [(["a"], ["a"]), (["a", "b"], ["a", "b"]), (["a", None], [None]), (list("abcde"), [None])],
)
def test_few_services_are_asked_for_one_by_one(
    services: list[str | None], asked: list[str | None]
) -> None:
    store, _ = analysed(
        root(1, "a", "orders"),
        root(2, "a", "letters"),
        root(3, "b", "orders"),
        root(4, "f", "orders"),
    )
    there = places(*({"service_name": name, "destination": "orders"} for name in services))
    found = pl.concat([pl.DataFrame(ORPHANS.empty_table()), *stored_roots(store, there)])
    held = {"a": [1], "b": [3]}
    assert sorted(found["span_id"]) == [n for name in services for n in held.get(name or "", [])]
    assert store.asked == asked


def test_only_traces_with_a_root_that_is_judged_otherwise_are_given_with_all_their_roots() -> None:
    store, loop = analysed(root(1, "a", "orders"), root(2, "b", "letters"))
    before = loop._facts
    assert before is not None
    (roots,) = stored_roots(store, None)
    traces, judged = judge_again(store, Judge(), roots, before)
    assert (traces.num_rows, judged.height) == (0, 0)

    sent, _ = analysed(send(9, "orders"))
    facts = AnalysisLoop(sent)._surroundings.told()
    traces, judged = judge_again(store, Judge(), roots, facts)
    assert traces["trace_lo"].to_pylist() == [1]
    assert judged["span_id"].to_list() == [1]
