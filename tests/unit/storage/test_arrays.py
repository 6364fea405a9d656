"""Runs of equal neighbours, and pairs in one number."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from storage.arrays import begin_runs, order_of_pairs, starts_of_runs

SMALL, LARGE = st.integers(0, 3), st.integers(2**32 - 3, 2**32 - 1)
PAIRS = st.lists(st.tuples(SMALL, SMALL)) | st.lists(st.tuples(LARGE, SMALL | LARGE))


@given(PAIRS)
def test_pairs_are_ordered_as_python_orders_them(pairs: list[tuple[int, int]]) -> None:
    first, then = np.array(pairs, np.uint32).reshape(-1, 2).T
    places = sorted(range(len(pairs)), key=pairs.__getitem__)
    assert order_of_pairs(first, then).tolist() == places


@given(PAIRS)
def test_runs_begin_where_any_column_changes(pairs: list[tuple[int, int]]) -> None:
    first, then = np.array(pairs, np.uint32).reshape(-1, 2).T
    new = [not row or pairs[row] != pairs[row - 1] for row in range(len(pairs))]
    assert begin_runs(first, then).tolist() == new
    assert starts_of_runs(first, then).tolist() == [row for row, is_new in enumerate(new) if is_new]
