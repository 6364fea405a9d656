"""Numbers that are kept in runs are those that came and did not go."""

from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.sorted_runs import SortedRuns
from storage.arrays import Numbers

FEW = st.lists(st.integers(-3, 9), max_size=12)


def numbers(values: list[int]) -> Numbers:
    return np.array(values, np.int64)


@given(st.lists(st.tuples(FEW, st.randoms(use_true_random=False)), max_size=6), st.integers(1, 5))
def test_what_comes_and_goes_leaves_what_is_there(
    passes: list[tuple[list[int], Random]], count: int
) -> None:
    runs, there = SortedRuns(), list[int]()
    for comes, random in passes:
        random.shuffle(there)
        goes, left = there[: len(comes) // 2], there[len(comes) // 2 :]
        runs.replace(numbers(goes), numbers(comes))
        there = left + comes
        assert len(runs) == len(there)
        assert runs.last(count).tolist() == sorted(there)[-count:]
        limits = [-4, 0, 4, 9]
        counted = [sum(each <= limit for each in there) for limit in limits]
        assert runs.count_until(numbers(limits)).tolist() == counted


def test_what_comes_again_and_again_is_not_all_ordered_anew() -> None:
    """Portions of ten leave few runs, each much longer than the next."""
    runs = SortedRuns()
    for portion in np.arange(100_000).reshape(-1, 10):
        runs.replace(numbers([]), portion)
    sizes = [run.size for run in runs._runs]
    assert sum(sizes) == 100_000
    assert all(one >= 2 * next_ for one, next_ in pairwise(sizes))
