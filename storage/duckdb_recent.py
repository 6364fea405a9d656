"""The newest appends of a DuckDB store, in memory.

What the analysis looks up was mostly stored seconds ago: to read it back costs more than to
look through the columns that were written. Of a trace or key that these appends began, and
nothing before them had, they hold every row, so that nothing else needs to be read
(docs/adr/0030).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from storage.duckdb_places import RowPlaces
from storage.join_keys import KINDS
from storage.lean_rows import LeanRows
from storage.memory_frames import DICTIONARIES, TRACE, Frames, arrow, first_frames
from storage.places import U64Array
from storage.results import SPAN_ORDER
from storage.schema import BATCH_SCHEMAS, SpanBatch

# Two row groups where every trace tells of messages.
_MOST_BYTES = 48 * 2**20
# Each costs a millisecond to look through, however small it is.
_MOST_APPENDS = 32
# In a row, while the analysis lies behind.
_MOST_PASSED_OVER = 32
_LINKED = [f"linked_{name}" for name in TRACE]
_UNREAD = ("spans", "links", "events", "scopes")
"""Tables whose attribute texts the analysis does not read."""
_SORTED = ("spans", "keys")
"""Tables that the writer has sorted: into memory of their own."""
_NAMED_BY = {
    "resources": ("spans", "resource_id"),
    "scopes": ("spans", "scope_id"),
    "shapes": ("messaging", "shape_id"),
    "correlation": ("spans", "correlation_id"),
}


class _Append:
    def __init__(self, batch: Frames, spans: dict[int, int], begun: U64Array) -> None:
        """Of each generation so many `spans`, in the order of the rows; `begun` are the low
        halves of ids of traces and linked traces, and the hashes of keys, that no row before
        had."""
        self.spans, self.begun = spans, pl.Series("id", begun)
        self.rows = {
            name: LeanRows(_bare(name, batch[name]), copied=name not in _SORTED)
            for name in BATCH_SCHEMAS
        }
        self.nbytes = begun.nbytes + sum(rows.nbytes for rows in self.rows.values())

    @cached_property
    def traces(self) -> pl.DataFrame:
        return self.rows["spans"].frame(TRACE).unique()

    @cached_property
    def links(self) -> pl.DataFrame:
        return self.rows["links"].frame([*TRACE, *_LINKED]).unique()

    @cached_property
    def keys(self) -> pl.DataFrame:
        """Each of a trace once."""
        return self.rows["keys"].frame(["key_hash", *TRACE]).unique()

    @cached_property
    def most_carriers(self) -> int:
        """Traces of one key."""
        return int(self.keys["key_hash"].unique_counts().max() or 0)  # type: ignore[arg-type] # a number or None

    def telling(self) -> pl.DataFrame:
        """Traces that say anything of messages or work, or that a link leads to."""
        told = [
            self.rows["messaging"].frame(TRACE),
            self.links.select(TRACE),
            _linked(self.links),
            self.rows["keys"].frame().filter(kind=KINDS["work"]).select(TRACE),
        ]
        return pl.concat(told)

    def bare_spans_of(self, traces: pl.DataFrame) -> Frames | None:
        here = self.traces.join(traces, on=TRACE, how="semi")
        if here.is_empty():
            return None
        found = {name: rows.frame() for name, rows in self.rows.items()}
        if here.height < self.traces.height:
            for name in ("spans", "links", "events", "messaging"):
                found[name] = found[name].join(here, on=TRACE, how="semi")
        for name, (naming, key) in _NAMED_BY.items():
            named = found[naming].select(key).unique()
            found[name] = found[name].join(named, on=key, how="semi")
        return found | {"keys": found["keys"].clear()}


@dataclass(frozen=True, slots=True)
class _PassedOver:
    generation: int
    returned: pl.Series
    """The ids that rows before may have had."""


class Recent:
    """Some of the newest appends. Never changes."""

    def __init__(
        self,
        appends: tuple[_Append, ...] = (),
        passed_over: tuple[_PassedOver, ...] = (),
        newest: int = 0,
    ) -> None:
        """`passed_over` are the other appends between the first of these and the `newest`
        generation."""
        self.appends, self.passed_over, self.newest = appends, passed_over, newest

    def arrived(self, after: int, limit: int) -> tuple[pl.DataFrame, int] | None:
        """Traces of the whole generations later than `after`, up to the one with which they have
        `limit` spans or more, and the last of these; None where it does not hold them."""
        spans, last, found = 0, after, []
        for append in self.appends:
            start = 0
            for generation, count in append.spans.items():
                if generation == last + 1 and spans < limit:
                    found.append(append.rows["spans"].frame(TRACE).slice(start, count))
                    spans, last = spans + count, generation
                start += count
        if last == after or (spans < limit and last < self.newest):
            return None
        return pl.concat(found).unique(), last

    def split(self, ids: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Those that all rows of are here, and the others."""
        known = _is_in(ids[column], self._whole)
        return ids.filter(known), ids.filter(~known)

    def telling(self, traces: pl.DataFrame) -> pl.DataFrame:
        """Those of the traces, which are all here, that `SpanStore.traces_since` speaks of."""
        told = _joined("spans", TRACE, (append.telling() for append in self.appends))
        return traces.join(told, on=TRACE, how="semi")

    def key_hashes_of(self, traces: pl.DataFrame) -> pl.DataFrame:
        """Of traces that are all here."""
        return self._keys(traces, TRACE).select("key_hash").unique()

    def related(self, traces: pl.DataFrame, keys: pl.DataFrame, hot_key_limit: int) -> pl.DataFrame:
        """The traces, and what is linked with them or has one of the keys, but for keys of more
        traces than the limit; all of them are here."""
        hot = self.hot(keys, hot_key_limit)
        found = [
            traces.select(TRACE),
            self._keys(keys.join(hot, on="key_hash", how="anti"), ["key_hash"]).select(TRACE),
        ]
        for append in self.appends:
            to = _linked(append.links.join(traces, on=TRACE, how="semi"))
            found.append(to.filter(pl.any_horizontal(pl.col(TRACE) > 0)))
            back = append.links.join(traces, left_on=_LINKED, right_on=TRACE, how="semi")
            found.append(back.select(TRACE))
        return pl.concat(found).unique()

    def hot(self, keys: pl.DataFrame, hot_key_limit: int) -> pl.DataFrame:
        """Those of the keys, which are all here, that more traces than the limit have."""
        if sum(append.most_carriers for append in self.appends) <= hot_key_limit:
            return keys.clear()
        counted = self._keys(keys, ["key_hash"]).unique().group_by("key_hash").len()
        return counted.filter(pl.col("len") > hot_key_limit).select("key_hash")

    def bare_spans_of(self, traces: pl.DataFrame) -> list[Frames]:
        """As `SpanStore.analysis_input` of these traces, which are all here, by append."""
        parts = (append.bare_spans_of(traces) for append in self.appends)
        return [part for part in parts if part is not None]

    def _keys(self, chosen: pl.DataFrame, on: list[str]) -> pl.DataFrame:
        """Key and trace, where one of the two is chosen."""
        found = (append.keys.join(chosen, on=on, how="semi") for append in self.appends)
        return _joined("keys", ["key_hash", *TRACE], found)

    @cached_property
    def _whole(self) -> pl.Series:
        """Ids of which every row is here."""
        none = pl.Series("id", dtype=pl.UInt64)
        begun = pl.concat([none, *(append.begun for append in self.appends)])
        if not self.passed_over:
            return begun
        returned = pl.concat(append.returned for append in self.passed_over)
        return begun.filter(~_is_in(begun, returned))


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
        known: of a store that nobody analyses."""
        counts = batch["spans"]["generation"].value_counts().sort("generation")
        spans: dict[int, int] = dict(counts.iter_rows())
        first, last = min(spans), max(spans)
        ids = _ids_of(batch)
        begun = self._places.find_new(ids, first)
        if begun is None:
            self._now = Recent()
            yield
            return
        # Readers see it in the file from its commit on: from now on it counts as passed over,
        # for good where the commit fails.
        before = self._now
        again = np.setdiff1d(ids, begun, assume_unique=True)
        passed_over = (*before.passed_over, _PassedOver(first, pl.Series("id", again)))
        self._now = _within_bounds(list(before.appends), passed_over, before.newest)
        yield
        self._places.learn_written(ids, first, last)
        append = _Append(batch, spans, begun)
        kept = list(before.appends)
        while kept and max(kept[0].spans) <= self._analysed and not self._has_room(kept, append):
            del kept[0]
        if self._has_room(kept, append):
            kept.append(append)
            passed_over = before.passed_over
        self._now = _within_bounds(kept, passed_over, last)

    def forget(self) -> None:
        """What is stored is not told of here."""
        self._now = Recent()

    def forget_until(self, generation: int) -> None:
        """What was stored up to there is deleted."""
        now = self._now
        kept = [append for append in now.appends if min(append.spans) > generation]
        self._now = _within_bounds(kept, now.passed_over, now.newest)

    def _has_room(self, kept: list[_Append], append: _Append) -> bool:
        held = sum(each.nbytes for each in kept)
        return len(kept) < _MOST_APPENDS and held + append.nbytes <= self._most_bytes


def _within_bounds(
    appends: list[_Append], passed_over: tuple[_PassedOver, ...], newest: int
) -> Recent:
    """Without what was passed over before the first append, which says nothing of it."""
    first = min(appends[0].spans) if appends else newest
    later = tuple(append for append in passed_over if append.generation > first)
    if len(later) > _MOST_PASSED_OVER:
        return Recent(newest=newest)
    return Recent(tuple(appends), later, newest)


def join_bare(found: Iterable[Frames]) -> SpanBatch:
    """What `SpanStore.analysis_input` gives, of batches that share no spans."""
    parts = [first_frames(), *found]
    joined = {
        name: pl.concat(part[name].select(columns.names) for part in parts)
        for name, columns in BATCH_SCHEMAS.items()
    }
    for name in _NAMED_BY:
        joined[name] = joined[name].unique(DICTIONARIES[name])
    joined["spans"] = joined["spans"].sort(SPAN_ORDER)
    return SpanBatch(**{name: arrow(joined[name], BATCH_SCHEMAS[name]) for name in BATCH_SCHEMAS})


def _is_in(ids: pl.Series, others: pl.Series) -> pl.Series:
    return ids.is_in(others.implode())


def _ids_of(batch: Frames) -> U64Array:
    """Whatever rows are looked up by, as sql/span_ids_between.sql has it."""
    columns = (("spans", "trace_lo"), ("links", "linked_trace_lo"), ("keys", "key_hash"))
    ids = [batch[name][column].alias("id") for name, column in columns]
    return pl.concat(ids).unique().to_numpy()


def _bare(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.select(BATCH_SCHEMAS[name].names)
    return rows.with_columns(attributes=pl.lit("{}")) if name in _UNREAD else rows


def _linked(links: pl.DataFrame) -> pl.DataFrame:
    return links.select(pl.col(to).alias(own) for own, to in zip(TRACE, _LINKED, strict=True))


def _joined(table: str, columns: list[str], found: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One frame of several or none."""
    return pl.concat([first_frames()[table].select(columns), *found])
