"""What the analysis reads of one append, or of some small ones together, in memory."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.arrays import U64Array, starts_of_runs
from storage.join_keys import KINDS
from storage.lean_batches import LeanTables, join_tables
from storage.lean_rows import LeanRows
from storage.memory_frames import Frames
from storage.schema import BATCH_SCHEMAS, TRACE_IDS
from storage.trace_sets import (
    Index,
    TraceIndex,
    Traces,
    TraceSet,
    sort_ids,
    stack_traces,
    without_repeats,
)

_LINKED = ("linked_trace_hi", "linked_trace_lo")
# What the analysis does not read, and the tables that have it.
_BARED: "dict[str, pa.Scalar[Any]]" = {"attributes": pa.scalar("{}")}
_UNREAD = ("spans", "links", "events", "scopes")
# Tables that the writer has sorted: into memory of their own.
_SORTED = ("spans", "keys")
# Tables by trace that the analysis reads.
_PARTS = ("spans", "links", "events", "messaging")
_NAMED_BY = {
    "resources": ("spans", "resource_id"),
    "scopes": ("spans", "scope_id"),
    "shapes": ("messaging", "shape_id"),
    "correlation": ("spans", "correlation_id"),
}
# Of a generation, beside its rows: what stands in dicts, and columns that are values.
_OVERHEAD = 2**10
# Bytes of the indexes that are made when they are asked for: of each trace that begins in rows
# where it does, its id twice, and its place by it; of each row of keys the hash twice, and its
# place by it; of each row of links both ends, and that each of them is a trace that begins.
_TRACE_BYTES, _KEY_BYTES = 56, 24
_LINK_BYTES = 32 + 2 * _TRACE_BYTES
# Of each trace that may say anything.
_TELLING_BYTES = 16


class HeldAppend:
    def __init__(self, rows: LeanTables, spans: dict[int, int], begun: U64Array) -> None:
        """Of each generation so many `spans`, in the order of the rows; `begun` are, in order,
        the low halves of ids of traces and linked traces, and the hashes of keys, that no row
        before had."""
        self.rows, self.spans, self.begun = rows, spans, begun
        held = sum(table.nbytes for table in rows.values()) + _index_bytes(rows)
        self.nbytes = held + begun.nbytes + _OVERHEAD * len(spans)
        """With what will be made of the rows, at most."""

    @cached_property
    def telling(self) -> TraceSet:
        """Traces that say anything of messages or work, or that a link leads to."""
        keys = self.rows["keys"]
        is_work = keys.numbers("kind") == KINDS["work"]
        links = [_traces(self.rows["links"]), _traces(self.rows["links"], _LINKED)]
        told = [_traces(self.rows["messaging"]), *links, _traces(keys)[is_work]]
        return stack_traces(map(without_repeats, told)).distinct

    @cached_property
    def most_carriers(self) -> int:
        """Traces of one key, or rows of it, which may be more."""
        ordered = np.sort(self.key_hashes)
        starts = starts_of_runs(ordered)
        return int(np.diff(starts, append=len(ordered)).max(initial=0))

    def arrived(self, first: int, end: int) -> Traces:
        """Of the spans in these rows."""
        return self._span_traces.between(first, end)

    def keys_of(self, traces: TraceSet) -> U64Array:
        return self.key_hashes[self._key_traces.find(traces)]

    def carriers(self, keys: U64Array) -> tuple[U64Array, Traces]:
        """Of rows with one of these keys, which are in order."""
        rows = self._key_index.find(keys)
        return self.key_hashes[rows], _traces(self.rows["keys"])[rows]

    def carriers_beside(self, keys: U64Array, traces: TraceSet) -> Traces:
        """Other traces that have one of these keys, which are in order."""
        if traces.hold(self._key_traces.traces).all():
            return stack_traces([])
        _, found = self.carriers(keys)
        return found[~traces.hold(found)]

    def linked(self, traces: TraceSet) -> Traces:
        """What a link joins with one of these."""
        own, to = self._links
        leads = to[self._link_index.find(traces)]
        return stack_traces(
            [leads[(leads.high > 0) | (leads.low > 0)], own[self._back_index.find(traces)]]
        )

    def bare_rows_of(self, traces: TraceSet) -> LeanTables | None:
        """As `SpanStore.analysis_input` of these traces, but for the order of spans; None
        without any."""
        asked = traces.hold(self._span_traces.traces)
        if not asked.any():
            return None
        found = dict(self.rows)
        if not asked.all():
            found["spans"] = self.rows["spans"].at(self._span_traces.find(traces))
            for name in _PARTS[1:]:
                rows = self.rows[name]
                found[name] = rows.at(np.flatnonzero(traces.hold(_traces(rows))))
        for name, (naming, key) in _NAMED_BY.items():
            found[name] = _among(found[name], key, found[naming].values(key))
        return found

    @cached_property
    def key_hashes(self) -> U64Array:
        return self.rows["keys"].numbers("key_hash")

    @cached_property
    def _key_index(self) -> Index:
        return Index(self.key_hashes)

    @cached_property
    def _key_traces(self) -> TraceIndex:
        return TraceIndex(_traces(self.rows["keys"]))

    @cached_property
    def _span_traces(self) -> TraceIndex:
        return TraceIndex(_traces(self.rows["spans"]))

    @cached_property
    def _links(self) -> tuple[Traces, Traces]:
        """From, and to; those that stay in their trace join nothing."""
        own, to = _traces(self.rows["links"]), _traces(self.rows["links"], _LINKED)
        leave = (own.low != to.low) | (own.high != to.high)
        return own[leave], to[leave]

    @cached_property
    def _link_index(self) -> TraceIndex:
        return TraceIndex(self._links[0])

    @cached_property
    def _back_index(self) -> TraceIndex:
        return TraceIndex(self._links[1])


def hold(batch: Frames, spans: dict[int, int], begun: U64Array) -> HeldAppend:
    """An append of its own; as of HeldAppend."""
    rows = {
        name: LeanRows.of_frame(
            batch[name], columns, _BARED if name in _UNREAD else {}, copied=name not in _SORTED
        )
        for name, columns in BATCH_SCHEMAS.items()
    }
    return HeldAppend(rows, spans, begun)


def join_held(appends: Sequence[HeldAppend]) -> HeldAppend:
    """Appends that follow each other, as one."""
    rows = join_tables([append.rows for append in appends])
    spans = {n: count for append in appends for n, count in append.spans.items()}
    return HeldAppend(rows, spans, sort_ids(append.begun for append in appends))


def _index_bytes(rows: LeanTables) -> int:
    spans, keys = (_traces(rows[name]) for name in ("spans", "keys"))
    in_spans, in_keys = (len(starts_of_runs(each.low, each.high)) for each in (spans, keys))
    return (
        _TRACE_BYTES * (in_spans + in_keys)
        + _KEY_BYTES * len(keys)
        + _LINK_BYTES * rows["links"].height
        + _TELLING_BYTES * (in_spans + 2 * rows["links"].height)
    )


def _traces(rows: LeanRows, ends: Sequence[str] = TRACE_IDS.names) -> Traces:
    return Traces(*(rows.numbers(name) for name in ends))


def _among(rows: LeanRows, key: str, ids: "pa.Array[Any]") -> LeanRows:
    """Those with one of these ids."""
    named = pc.is_in(pa.array(rows.numbers(key)), value_set=ids, skip_nulls=True)
    found = np.flatnonzero(named.to_numpy(zero_copy_only=False))
    return rows if len(found) == rows.height else rows.at(found)
