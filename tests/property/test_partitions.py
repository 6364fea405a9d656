"""Any number of analyzers gives the answers of one, whoever of them is when at work."""

import itertools
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.contract import EndpointQuery, SpanStore
from storage.engines import open_store
from storage.partition import parts_of
from storage.partition_progress import select_own
from tests.builders import batch, span
from tests.property.pipelines import pipelines
from tests.property.test_analysis import analysed_store, answers
from tests.property.test_deletion import histories as deletions
from tests.property.test_hot_values import arrivals
from tracestitch.analysis import AnalysisLoop
from tracestitch.retention import RetentionLoop

_TRACE_2 = pl.DataFrame({"trace_lo": pl.Series([2], dtype=pl.UInt64)})


def told(store: SpanStore) -> dict[str, list[Any]]:
    endpoints = store.endpoints(EndpointQuery(), 1_000_000).to_pylist()
    return answers(store) | {"endpoints": sorted(endpoints, key=repr)}


def settle(loops: list[AnalysisLoop]) -> None:
    """All, until none has anything to do, however long reading takes on this machine."""
    with patch("tracestitch.shared_facts._CHEAP_SECONDS", 1e9):
        while sum(loop.run_once() for loop in loops):
            pass


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[Any]], list[tuple[int, int]]]:
    """A pipeline's spans in batches, and what happens after each is stored, as pairs of how
    many analyzers there are and which does a pass then, or begins anew (0)."""
    spans = draw(st.permutations(draw(pipelines())))
    cuts = sorted(draw(st.lists(st.integers(0, len(spans)), max_size=3)))
    edges = [0, *cuts, len(spans)]
    batches = [spans[a:b] for a, b in itertools.pairwise(edges) if a < b]
    return batches, draw(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12))


@settings(max_examples=5, deadline=None)
@given(st.integers(2, 4), histories())
def test_any_number_of_analyzers_in_any_turn_gives_the_answers_of_one(
    count: int, history: tuple[list[list[Any]], list[tuple[int, bool]]]
) -> None:
    batches, turns = history
    store = open_store("memory:")
    loops = [AnalysisLoop(store, part) for part in parts_of(count)]
    steps = iter(turns)
    for spans in batches:
        store.append(batch(*spans), stored_at_unix_nano=1)
        for number, restarts in itertools.islice(steps, 3):
            at = number % count
            if restarts:
                loops[at] = AnalysisLoop(store, parts_of(count)[at])
            loops[at].run_once()
    settle(loops)

    assert store.status().pending_spans == 0
    assert told(store) == told(analysed_store(batches, passes=False))


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), histories())
def test_their_number_may_change(
    counts: list[int], history: tuple[list[list[Any]], list[tuple[int, bool]]]
) -> None:
    batches, turns = history
    store = open_store("memory:")
    steps = iter(turns)
    for spans, count in zip(batches, itertools.cycle(counts), strict=False):
        store.append(batch(*spans), stored_at_unix_nano=1)
        loops = [AnalysisLoop(store, part) for part in parts_of(count)]
        for number, _ in itertools.islice(steps, 4):
            loops[number % count].run_once()
    settle(loops)

    assert told(store) == told(analysed_store(batches, passes=False))


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 3), st.integers(2, 3), arrivals())
def test_values_that_become_hot_join_nothing_whoever_answers_first(
    limit: int, count: int, arrived: tuple[list[Any], list[list[Any]]]
) -> None:
    spans, batches = arrived
    with patch("tracestitch.neighbourhoods.HOT_KEY_LIMIT", limit):
        at_once = told(analysed_store([spans], passes=False))
        store = open_store("memory:")
        loops = [AnalysisLoop(store, part) for part in parts_of(count)]
        for number, each in enumerate(batches):
            store.append(batch(*each), stored_at_unix_nano=1)
            with patch("tracestitch.analysis.PASS_SPANS", 1):
                loops[number % count].run_once()
        settle(loops)
    assert told(store) == at_once


@settings(max_examples=3, deadline=None)
@given(deletions(), st.integers(2, 3))
def test_what_is_kept_of_deleted_spans_is_what_one_analyzer_keeps(
    history: tuple[list[list[Any]], list[int], list[bool]], count: int
) -> None:
    one, several = open_store("memory:"), open_store("memory:")
    sides = [(one, [AnalysisLoop(one)])]
    sides.append((several, [AnalysisLoop(several, part) for part in parts_of(count)]))
    for spans, generations, _ in zip(*history, strict=True):
        for store, loops in sides:
            store.append(batch(*spans), stored_at_unix_nano=1)
            settle(loops)
            oldest: list[Any] = store.oldest_generations(1_000_000)["generation"].to_pylist()
            if generations and oldest:
                last = oldest[min(generations, len(oldest)) - 1]
                RetentionLoop(store, loops[0]).delete_until(last, "age")
                settle(loops)
        assert told(several) == told(one)


def test_spans_that_were_answered_beside_deleted_ones_are_not_new_to_other_partitions() -> None:
    """The consumer's analyzer was ahead of the others when their number was changed."""
    message = {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
        "messaging.message.id": "0000-1111-2222-0001",
    }
    sent = span("orders send", trace=1, id=1, kind="PRODUCER", service="a", attributes=message)
    taken = span(
        "orders process", trace=2, id=2, at=1.0, kind="CONSUMER", service="b", attributes=message
    )
    store = open_store("memory:")
    for each in (sent, taken):
        store.append(batch(each), stored_at_unix_nano=1)
    loops = [AnalysisLoop(store, part) for part in parts_of(2)]
    (ahead,) = (part for part in parts_of(2) if not select_own(part, _TRACE_2).is_empty())
    while loops[ahead.number - 1].run_once():
        pass
    before = answers(store)
    assert len(before["connections"]) == 1
    RetentionLoop(store, loops[0]).delete_until(1, "age")

    settle([AnalysisLoop(store, part) for part in parts_of(3)])

    assert answers(store) == before


def test_each_trace_has_one_owner_and_all_have_about_as_many() -> None:
    for first, step in ((1, 1), (2**63, 2**40), (0, 256)):
        lows = pl.Series([first + step * n for n in range(4000)], dtype=pl.UInt64)
        traces = pl.DataFrame({"trace_lo": lows})
        owned = [select_own(part, traces)["trace_lo"] for part in parts_of(4)]
        assert sorted(pl.concat(owned).to_list()) == sorted(lows.to_list())
        assert all(900 < len(each) < 1100 for each in owned)


def test_whose_a_trace_is_never_changes() -> None:
    """A store is answered by analyzers of several releases while they are replaced."""
    ids = [0, 1, 2, 3, 4, 5, 0x9E3779B97F4A7C15, 2**63, 2**64 - 1]
    traces = pl.DataFrame({"trace_lo": pl.Series(ids, dtype=pl.UInt64)})
    owners = {
        low: part.number
        for part in parts_of(4)
        for low in select_own(part, traces)["trace_lo"].to_list()
    }
    assert [owners[each] for each in ids] == [1, 3, 1, 4, 2, 1, 4, 3, 2]
