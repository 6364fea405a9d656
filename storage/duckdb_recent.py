"""The newest appends of a DuckDB store, in memory.

What the analysis looks up was mostly stored seconds ago: to read it back costs more than to
look through the columns that were written. Of a trace or key that these appends began, and
nothing before them had, they hold every row, so that nothing else needs to be read
(docs/adr/0030).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import polars as pl

from storage.arrays import Mask, U64Array, starts_of_runs
from storage.duckdb_places import RowPlaces
from storage.held_append import HeldAppend, hold, join_held
from storage.lean_batches import LeanTables
from storage.memory_frames import Frames
from storage.trace_sets import Traces, TraceSet, are_among, sort_ids, stack_traces

# Two row groups where every trace tells of messages, with the indexes that are made of them.
_MOST_BYTES = 64 * 2**20
# Of small ones that are merged: they are let go as a whole.
_MOST_MERGED_BYTES = 8 * 2**20
# In a row, while the analysis lies behind.
_MOST_PASSED_OVER = 32
_LOOKED_UP_BY = (("links", "linked_trace_lo"), ("keys", "key_hash"))

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _PassedOver:
    generation: int
    returned: U64Array
    """The ids that rows before may have had, in order."""


class Recent:
    """Some of the newest appends. Never changes."""

    def __init__(
        self,
        appends: tuple[HeldAppend, ...] = (),
        passed_over: tuple[_PassedOver, ...] = (),
        newest: int = 0,
    ) -> None:
        """`passed_over` are the other appends between the first of these and the `newest`
        generation."""
        self.appends, self.passed_over, self.newest = appends, passed_over, newest

    def arrived(self, after: int, limit: int) -> tuple[TraceSet, int] | None:
        """Traces of the whole generations later than `after`, up to the one with which they have
        `limit` spans or more, and the last of these; None where it does not hold them."""
        spans, last, found = 0, after, []
        for append in self.appends:
            start = 0
            for generation, count in append.spans.items():
                if generation == last + 1 and spans < limit:
                    found.append(append.arrived(start, start + count))
                    spans, last = spans + count, generation
                start += count
        if last == after or (spans < limit and last < self.newest):
            return None
        return stack_traces(found).distinct, last

    def holds(self, ids: U64Array) -> Mask:
        """Of which of the ids all rows are here."""
        held = np.zeros(len(ids), np.bool_)
        for append in self.appends:
            held |= are_among(ids, append.begun)
        for other in self.passed_over:
            held &= ~are_among(ids, other.returned)
        return held

    def telling(self, traces: TraceSet) -> TraceSet:
        """Those of the traces, which are all here, that `SpanStore.traces_since` speaks of."""
        told = np.zeros(len(traces), np.bool_)
        for append in reversed(self.appends):
            told |= append.telling.hold(traces)
            if told.all():
                break
        return traces.where(told)

    def keys_of(self, traces: TraceSet) -> U64Array:
        """In order, of traces that are all here."""
        return sort_ids(append.keys_of(traces) for append in self.appends)

    def related(self, traces: TraceSet, keys: U64Array, hot_key_limit: int) -> TraceSet:
        """The traces, and what is linked with them or has one of the keys, but for keys of more
        traces than the limit; all of them are here."""
        cold = keys[~are_among(keys, self.hot(keys, hot_key_limit))]
        found: list[Traces] = [traces]
        for append in self.appends:
            found += [append.carriers_beside(cold, traces), append.linked(traces)]
        return stack_traces(found).distinct

    def hot(self, keys: U64Array, hot_key_limit: int) -> U64Array:
        """Those of the keys, in order, which are all here, that more traces than the limit have."""
        if sum(append.most_carriers for append in self.appends) <= hot_key_limit:
            return keys[:0]
        found = [append.carriers(keys) for append in self.appends]
        traces = stack_traces(carriers for _, carriers in found)
        hashes = np.concatenate([named for named, _ in found])
        carriers = pl.DataFrame({"key": hashes, "high": traces.high, "low": traces.low}).unique()
        counted = carriers["key"].value_counts()
        return sort_ids([counted.filter(pl.col("count") > hot_key_limit)["key"].to_numpy()])

    def bare_rows_of(self, traces: TraceSet) -> list[LeanTables]:
        """As `SpanStore.analysis_input` of these traces, which are all here, by append, but
        for the order of spans."""
        parts = (append.bare_rows_of(traces) for append in self.appends)
        return [part for part in parts if part is not None]


class RecentAppends:
    """The newest appends that are not analysed yet, as many as there is room for, and the last
    of the others. `now` and `note_analysed` are the analysis's, the rest belongs to the writer.
    """

    def __init__(self, places: RowPlaces) -> None:
        """`places` are those of spans."""
        self._places, self._most_bytes = places, _MOST_BYTES
        self._now = Recent()
        self._analysed = 0

    def now(self) -> Recent:
        return self._now

    def note_analysed(self, generation: int) -> None:
        """What was stored up to there makes room first."""
        self._analysed = generation

    @contextmanager
    def taking_in(self, batch: Frames) -> Iterator[None]:
        """While a batch is stored, inside the block: BATCH_SCHEMAS, spans with their
        `generation`, in its order. Nothing is kept before the places of all that is stored are
        known: of a store that nobody analyses. Raises after the block only what ends the
        process: what is stored is stored, and where memory cannot tell of it the file does."""
        spans = _spans_by_generation(batch["spans"])
        first, last = min(spans), max(spans)
        ids = _ids_of(batch)
        new = self._places.are_new(ids, first)
        if new is None:
            self._now = Recent()
            try:
                yield
            finally:
                self._now = Recent()  # nor what was read of the file meanwhile
            return
        # Readers see it in the file from its commit on: from now on it counts as passed over,
        # for good where the commit fails.
        before = self._now
        passed_over = (*before.passed_over, _PassedOver(first, ids[~new]))
        self._now = _within_bounds(list(before.appends), passed_over, before.newest)
        try:
            yield
        except BaseException:  # its first generation may be stored, and nobody knows it here
            self._now = _within_bounds(list(before.appends), passed_over, first)
            raise
        try:
            self._places.learn_written(ids, first, last)
            self._keep(hold(batch, spans, ids[new]), before, passed_over)
        except BaseException as error:  # a panic of Polars is no Exception
            self._now = Recent()
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            _logger.exception("An append is stored, and what is read of it comes from the file")

    def _keep(
        self, append: HeldAppend, before: Recent, passed_over: tuple[_PassedOver, ...]
    ) -> None:
        """After those of `before`, as far as there is room; else it is one of `passed_over`."""
        kept = list(before.appends)
        while kept and max(kept[0].spans) <= self._analysed and not self._has_room(kept, append):
            del kept[0]
        if self._has_room(kept, append):
            kept = _merged([*kept, append])
            passed_over = before.passed_over
        self._now = _within_bounds(kept, passed_over, max(append.spans))

    def forget(self) -> None:
        """What is stored is not told of here."""
        self._now = Recent()

    def forget_until(self, generation: int) -> None:
        """What was stored up to there is deleted."""
        now = self._now
        kept = [append for append in now.appends if min(append.spans) > generation]
        self._now = _within_bounds(kept, now.passed_over, now.newest)

    def _has_room(self, kept: list[HeldAppend], append: HeldAppend) -> bool:
        held = sum(each.nbytes for each in kept)
        return held + append.nbytes <= self._most_bytes


def _within_bounds(
    appends: list[HeldAppend], passed_over: tuple[_PassedOver, ...], newest: int
) -> Recent:
    """Without what was passed over before the first append, which says nothing of it."""
    first = min(appends[0].spans) if appends else newest
    later = tuple(append for append in passed_over if append.generation > first)
    if len(later) > _MOST_PASSED_OVER:
        return Recent(newest=newest)
    return Recent(tuple(appends), later, newest)


def _merged(appends: list[HeldAppend]) -> list[HeldAppend]:
    """The newest ones as one, as long as each is about as large as what comes after it: there
    are few to look through then, and rows are copied a few times only."""
    first = len(appends) - 1
    size = appends[first].nbytes
    while first and appends[first - 1].nbytes <= min(2 * size, _MOST_MERGED_BYTES - size):
        first -= 1
        size += appends[first].nbytes
    if first == len(appends) - 1:
        return appends
    return [*appends[:first], join_held(appends[first:])]


def _spans_by_generation(spans: pl.DataFrame) -> dict[int, int]:
    """Of each generation so many, in its order."""
    generations = spans["generation"].to_numpy()
    starts = starts_of_runs(generations)
    counts = np.diff(starts, append=len(generations))
    return dict(zip(generations[starts].tolist(), counts.tolist(), strict=True))


def _ids_of(batch: Frames) -> U64Array:
    """Whatever rows are looked up by, as sql/span_ids_between.sql has it, in order."""
    traces: U64Array = batch["spans"]["trace_lo"].to_numpy()
    others = (batch[name][column].to_numpy() for name, column in _LOOKED_UP_BY)
    return sort_ids([traces[starts_of_runs(traces)], *others])
