"""Deleting never makes an orphan: whatever is deleted, whenever, and whatever comes after."""

import itertools
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.engines import open_store
from tests.builders import batch
from tests.property.pipelines import pipelines
from tracestitch.analysis import AnalysisLoop
from tracestitch.retention import RetentionLoop

_ALL = Page(limit=1_000_000)
Span = tuple[int, int]


@dataclass(frozen=True)
class Said:
    """What the store says: relations by (producer, consumer), causes by root."""

    connections: dict[tuple[Span, Span], str]
    causes: dict[Span, str]


def said(store: SpanStore) -> Said:
    connections = store.connections(ConnectionQuery(min_confidence=0.0), _ALL).table.to_pylist()
    orphans = store.orphans(OrphanQuery(), _ALL).table.to_pylist()
    return Said(
        {(_id(row, "producer_"), _id(row, "consumer_")): row["relation"] for row in connections},
        {_id(row): row["cause_code"] for row in orphans},
    )


def _id(row: dict[str, Any], end: str = "") -> Span:
    return row[f"{end}trace_lo"], row[f"{end}span_id"]


def ids(spans: list[Any]) -> set[Span]:
    return {_id(row) for row in batch(*spans).spans.to_pylist()}


class Side:
    """A store and its loops; `restart` begins with new loops."""

    def __init__(self) -> None:
        self.store = open_store("memory:")
        self.restart()

    def restart(self) -> None:
        self.analysis = AnalysisLoop(self.store)

    def take(self, spans: list[Any]) -> None:
        self.store.append(batch(*spans), stored_at_unix_nano=1)
        self.analyse()

    def analyse(self) -> None:
        while self.analysis.run_once():
            pass

    def delete(self, generations: int) -> None:
        oldest: list[Any] = self.store.oldest_generations(1_000_000)["generation"].to_pylist()
        if oldest:
            retention = RetentionLoop(self.store, self.analysis)
            retention.delete_until(oldest[min(generations, len(oldest)) - 1], "age")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[Any]], list[int], list[bool]]:
    """A pipeline's spans in batches; after each, how many generations are deleted and
    whether the server is restarted."""
    spans = draw(pipelines())
    if draw(st.booleans()):
        spans = list(draw(st.permutations(spans)))
    cuts = sorted(draw(st.lists(st.integers(0, len(spans)), min_size=1, max_size=5)))
    edges = [0, *cuts, len(spans)]
    batches = [spans[a:b] for a, b in itertools.pairwise(edges) if a < b]
    deletions = [draw(st.sampled_from([0, 0, 1, 1, 2])) for _ in batches]
    return batches, deletions, [draw(st.booleans()) for _ in batches]


@settings(max_examples=25, deadline=None)
@given(histories())
def test_what_was_said_of_spans_that_stay_is_said_as_long_as_they_stay(
    history: tuple[list[list[Any]], list[int], list[bool]],
) -> None:
    side, whole = Side(), Side()  # with deletions, and the same without
    stored: list[set[Span]] = []  # by generation, of those that are left
    known = Said({}, {})  # said when something was deleted, of spans that stayed
    old: set[Span] = set()
    early: set[Span] = set()  # stored before anything was deleted
    for spans, generations, restarts in zip(*history, strict=True):
        for each in (side, whole):
            each.take(spans)
        stored.append(ids(spans))
        living = set().union(*stored)
        check(said(side.store), said(whole.store), known, old & living, early)
        if generations:
            early = early or living
            before = said(side.store)
            side.delete(generations)
            del stored[:generations]
            old = living = set().union(*stored)
            known = Said(
                {pair: r for pair, r in before.connections.items() if pair[1] in living},
                {root: cause for root, cause in before.causes.items() if root in living},
            )
            assert said(side.store) == known
        if restarts:
            side.restart()
            side.analyse()
            if generations:
                now = said(side.store)
                assert now.connections == known.connections
                assert now.causes.keys() == known.causes.keys()
                assert all(
                    now.causes[root] == known.causes[root] for root in early & now.causes.keys()
                )


def check(now: Said, whole: Said, known: Said, old: set[Span], early: set[Span]) -> None:
    """`now` against what was `known` at the last deletion of the `old` spans that stayed
    then, as far as late spans would not have changed it in a store that deletes nothing.

    A root that came after a deletion can get another cause when what was known of the
    spans before it is forgotten; an `early` one never.
    """
    assert not {root for root in now.causes if root in old and root not in known.causes} - set(
        whole.causes
    )
    for pair in known.connections:
        if pair[1] in old and pair in whole.connections:
            assert pair in now.connections
    for root, cause in known.causes.items():
        if root in old and whole.causes.get(root) == cause:
            assert root in now.causes
            assert root not in early or now.causes[root] == cause
