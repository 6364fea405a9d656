"""Rows are put in order as Polars orders them."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from storage.row_order import by_trace, in_order, order_of


@given(st.lists(st.integers(0, 5), max_size=20))
def test_equal_rows_keep_their_order(rows: list[int]) -> None:
    expected = np.argsort(np.array(rows, np.int64), kind="stable")
    assert order_of(np.array(rows, np.int64)).tolist() == expected.tolist()


TRACES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0, 1, 7, 2**64 - 1])), max_size=30)


def _frame(traces: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(traces, {"trace_hi": pl.UInt64, "trace_lo": pl.UInt64}, orient="row")


@given(TRACES)
def test_rows_of_a_trace_stand_together_and_traces_as_they_came(
    traces: list[tuple[int, int]],
) -> None:
    """Those of 64 bits too, which share the upper half."""
    firsts = list(dict.fromkeys(traces))
    expected = sorted(range(len(traces)), key=lambda row: firsts.index(traces[row]))
    assert by_trace(_frame(traces)).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=30))
def test_within_a_trace_rows_of_a_kind_stand_together(rows: list[tuple[int, int]]) -> None:
    traces, kinds = (list(dict.fromkeys(row[end] for row in rows)) for end in (0, 1))
    places = [(traces.index(trace), kinds.index(kind)) for trace, kind in rows]
    expected = sorted(range(len(rows)), key=places.__getitem__)
    given_kinds = np.array([kind for _, kind in rows], np.uint64)
    assert by_trace(_frame([(0, trace) for trace, _ in rows]), given_kinds).tolist() == expected


def test_more_kinds_than_there_is_room_for_leave_traces_together() -> None:
    traces, kinds = np.arange(200_000) % 50_000, np.arange(200_000).astype(np.uint64)
    rows = by_trace(_frame([(0, trace) for trace in traces.tolist()]), kinds)
    assert traces[rows].tolist() == np.repeat(np.arange(50_000), 4).tolist()


def test_columns_of_nulls_are_as_long_as_the_others() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": [None] * 3, "c": ["x", None, "z"]})
    frame = frame.cast({"b": pl.Int64})
    for rows in ([2, 0, 1], [1], []):
        assert_frame_equal(in_order(frame, np.array(rows, np.int64)), frame[rows])
    assert in_order(frame.clear(), np.array([], np.int64)).schema == frame.schema
