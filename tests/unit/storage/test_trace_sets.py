"""Ids in great numbers, as sorted arrays; what they give is checked by Python's own sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.trace_sets import (
    Index,
    TraceIndex,
    Traces,
    are_among,
    read_traces,
    sort_ids,
    stack_traces,
    trace_table,
    without_repeats,
)

# Few, so that ids and halves of ids are met again.
_IDS = st.lists(st.integers(0, 3) | st.just(2**64 - 1), max_size=12)
_PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12)
Pairs = list[tuple[int, int]]


def _ids(ids: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    return np.array(ids, np.uint64)


def _traces(pairs: Pairs) -> Traces:
    return Traces(_ids([high for high, _ in pairs]), _ids([low for _, low in pairs]))


def _pairs(traces: Traces) -> Pairs:
    return list(zip(traces.high.tolist(), traces.low.tolist(), strict=True))


@given(_IDS, _IDS)
def test_ids_are_sorted_and_found_among_others(ids: list[int], others: list[int]) -> None:
    ordered = sort_ids([_ids(others[:5]), _ids(others[5:])])
    assert ordered.tolist() == sorted(set(others))
    assert are_among(_ids(ids), ordered).tolist() == [one in others for one in ids]
    rows = Index(_ids(ids)).find(ordered)
    assert sorted(rows.tolist()) == [row for row, one in enumerate(ids) if one in others]


@given(_PAIRS, _PAIRS)
def test_traces_are_told_apart_by_both_halves(pairs: Pairs, others: Pairs) -> None:
    wanted = _traces(others).distinct
    assert sorted(_pairs(wanted)) == sorted(set(others))
    assert wanted.low.tolist() == sorted(wanted.low.tolist())
    held = [pair in others for pair in pairs]
    assert wanted.hold(_traces(pairs)).tolist() == held
    index = TraceIndex(_traces(pairs))
    assert index.find(wanted).tolist() == np.flatnonzero(held).tolist()
    assert _pairs(index.traces) == _pairs(_traces(pairs).distinct)
    assert wanted.equals(_traces(others[::-1]).distinct)
    assert wanted.equals(_traces(pairs).distinct) == (set(pairs) == set(others))


@pytest.mark.parametrize(("first", "end"), [(0, 1), (0, 6), (1, 2), (1, 4), (3, 6)])
def test_rows_between_two_have_these_traces(first: int, end: int) -> None:
    rows = [(1, 1), (1, 1), (2, 1), (1, 1), (3, 3), (3, 3)]
    found = TraceIndex(_traces(rows)).between(first, end)
    assert set(_pairs(found)) == set(rows[first:end])


def test_traces_are_stacked_and_go_to_arrow_and_back() -> None:
    traces = stack_traces([_traces([(1, 2), (1, 2)]), _traces([(2**64 - 1, 0), (1, 2)])])
    assert _pairs(read_traces(trace_table(traces))) == [(1, 2), (1, 2), (2**64 - 1, 0), (1, 2)]
    assert _pairs(without_repeats(traces)) == [(1, 2), (2**64 - 1, 0), (1, 2)]
    assert not len(stack_traces([]).distinct)


def test_traces_of_a_set_are_chosen() -> None:
    traces = _traces([(1, 1), (2, 2)]).distinct
    assert traces.where(np.array([True, True])) is traces
    assert _pairs(traces.where(np.array([False, True]))) == [(2, 2)]
