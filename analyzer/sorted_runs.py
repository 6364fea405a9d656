"""Numbers in order of which some come and some go, again and again."""

import numpy as np

from storage.arrays import Numbers

NOTHING: Numbers = np.empty(0, np.int64)


class SortedRuns:
    """A multiset. Kept in runs, each at least twice as long as the next, so that what comes
    costs about what it is itself, and not what is there."""

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[Numbers] = []

    def __len__(self) -> int:
        return sum(run.size for run in self._runs)

    def replace(self, goes: Numbers, comes: Numbers) -> None:
        """`goes` are there; in no order."""
        if goes.size and comes.size:
            goes, comes = _leave_out_common(goes, comes)
        if goes.size:
            self._runs = [_take_away(np.sort(np.concatenate(self._runs), kind="stable"), goes)]
        if comes.size:
            self._runs.append(np.sort(comes))
        while len(self._runs) > 1 and self._runs[-2].size < 2 * self._runs[-1].size:
            last_two = np.concatenate([self._runs.pop(-2), self._runs.pop()])
            self._runs.append(np.sort(last_two, kind="stable"))  # which merges what is sorted

    def last(self, count: int) -> Numbers:
        """The largest ones, in order."""
        ends = np.concatenate([NOTHING, *(run[-count:] for run in self._runs)])
        return np.sort(ends)[-count:]

    def count_until(self, limits: Numbers) -> Numbers:
        """Of each limit how many are not larger."""
        counts = np.zeros(limits.size, np.int64)
        for run in self._runs:
            counts += np.searchsorted(run, limits, side="right")
        return counts


def _leave_out_common(some: Numbers, others: Numbers) -> tuple[Numbers, Numbers]:
    """Both without what they have in common: of equal ones as many as both have."""
    numbers, places = np.unique(np.concatenate([some, others]), return_inverse=True)
    more = np.bincount(places[: some.size], minlength=numbers.size)
    more -= np.bincount(places[some.size :], minlength=numbers.size)
    return np.repeat(numbers, np.maximum(more, 0)), np.repeat(numbers, np.maximum(-more, 0))


def _take_away(numbers: Numbers, goes: Numbers) -> Numbers:
    """The numbers, in order, without these: of equal ones as many as go."""
    goes = np.sort(goes)
    alike = np.arange(goes.size) - np.searchsorted(goes, goes)
    return np.delete(numbers, np.searchsorted(numbers, goes) + alike)
