"""Ids in great numbers, as sorted arrays: what is in both of two, and where.

Sorting them once and looking sorted ones up is the cheapest way of all, of few and of many.
A trace is found by the low half of its id, of which the high half says nothing where a sender
has ids of 64 bits. Senders choose ids: what they choose can make this slower, never wrong.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import polars as pl
import pyarrow as pa

from storage.arrays import Mask, Rows, U64Array, ranges, starts_of_runs
from storage.schema import TRACE_IDS

_NO_IDS: U64Array = np.empty(0, np.uint64)


def sort_ids(parts: Iterable[U64Array]) -> U64Array:
    """Each id once, in order."""
    ids = np.concatenate([_NO_IDS, *parts])
    ids.sort()
    return ids[starts_of_runs(ids)]


def are_among(ids: U64Array, ordered: U64Array) -> Mask:
    """Which of the ids stand in the ordered ones; cheapest where they are in order too."""
    if not len(ordered):
        return np.zeros(len(ids), np.bool_)
    found: Mask = ordered[_places(ids, ordered)] == ids
    return found


class Traces:
    """Ids of traces, some maybe several times."""

    def __init__(self, high: U64Array, low: U64Array) -> None:
        self.high, self.low = high, low

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, rows: Mask | Rows | slice) -> "Traces":
        return Traces(self.high[rows], self.low[rows])

    @cached_property
    def distinct(self) -> "TraceSet":
        order = np.argsort(self.low)
        high, low = self.high[order], self.low[order]
        same = low[1:] == low[:-1]
        if (same & (high[1:] != high[:-1])).any():
            order = np.lexsort((self.high, self.low))
            high, low = self.high[order], self.low[order]
        once = starts_of_runs(low, high)
        return TraceSet(high[once], low[once])


class TraceSet(Traces):
    """Each once, in order of the low halves."""

    @cached_property
    def distinct(self) -> "TraceSet":
        return self

    def equals(self, other: "TraceSet") -> bool:
        return np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)

    def where(self, mask: Mask) -> "TraceSet":
        return self if mask.all() else TraceSet(self.high[mask], self.low[mask])

    def hold(self, traces: Traces) -> Mask:
        """Of each of the traces whether it is one of these."""
        if not len(self):
            return np.zeros(len(traces), np.bool_)
        places = _places(traces.low, self.low)
        low_found = self.low[places] == traces.low
        found: Mask = low_found & (self.high[places] == traces.high)
        if self._share_low_halves and (low_found & ~found).any():
            wanted = _frame(traces).with_row_index("row")
            rows = wanted.join(_frame(self), on=TRACE_IDS.names, how="semi")["row"]
            found[rows.to_numpy()] = True
        return found

    @cached_property
    def _share_low_halves(self) -> bool:
        return bool((self.low[1:] == self.low[:-1]).any())


def read_traces(table: pa.Table) -> Traces:
    """Of TRACE_IDS."""
    return Traces(*(table[name].to_numpy() for name in TRACE_IDS.names))


def stack_traces(parts: Iterable[Traces]) -> Traces:
    parts = [Traces(_NO_IDS, _NO_IDS), *parts]
    return Traces(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("high", "low")))


def without_repeats(traces: Traces) -> Traces:
    """Without those that stand behind themselves."""
    return traces[starts_of_runs(traces.low, traces.high)]


def trace_table(traces: Traces) -> pa.Table:
    """TRACE_IDS."""
    return pa.Table.from_arrays([pa.array(traces.high), pa.array(traces.low)], schema=TRACE_IDS)


class Index:
    """Where ids stand in a column."""

    def __init__(self, ids: U64Array) -> None:
        self._order = np.argsort(ids)
        self._ids = ids[self._order]

    def find(self, ids: U64Array) -> Rows:
        """Rows with one of these ids, which are ordered and each once."""
        first = np.searchsorted(self._ids, ids)
        counts = np.searchsorted(self._ids, ids, side="right") - first
        return self._order[ranges(first, counts)]


class TraceIndex:
    """Where traces stand in rows that hold some several times, mostly beside each other."""

    def __init__(self, traces: Traces) -> None:
        self._rows = len(traces)
        self._starts = starts_of_runs(traces.low, traces.high)
        self._runs = traces[self._starts]
        self._index = Index(self._runs.low)

    @cached_property
    def traces(self) -> TraceSet:
        return self._runs.distinct

    def between(self, first: int, end: int) -> Traces:
        """Of the rows from `first` up to `end`."""
        runs = np.searchsorted(self._starts, [first, end - 1], side="right")
        return self._runs[runs[0] - 1 : runs[1]]

    def find(self, traces: TraceSet) -> Rows:
        """Rows of these traces, in order."""
        runs = self._index.find(traces.low[starts_of_runs(traces.low)])
        runs = np.sort(runs[traces.hold(self._runs[runs])])
        ends = np.append(self._starts, self._rows)
        return ranges(self._starts[runs], ends[runs + 1] - self._starts[runs])


def _places(ids: U64Array, ordered: U64Array) -> Rows:
    """Where each would stand, of what is there."""
    return np.minimum(np.searchsorted(ordered, ids), len(ordered) - 1)


def _frame(traces: Traces) -> pl.DataFrame:
    return pl.DataFrame({"trace_hi": traces.high, "trace_lo": traces.low})
