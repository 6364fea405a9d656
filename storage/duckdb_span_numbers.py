"""Numbers of spans in a DuckDB store, by which rows name them.

An id of 8 random bytes cannot be compressed, and what is stored with a span would repeat
four columns of ids. Numbers grow by one along the rows of an append, so that they take next
to no space, neither beside the span nor where something names it.

A parent that stands near in the same append is named by how far away it is. The two are
deleted together; a parent of another append may be gone before its child.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from storage.arrays import ODD, Rows, U64Array
from storage.cheap_rows import where, with_series
from storage.id_table import IdTable
from storage.memory_frames import PART, TRACE, Frames
from storage.row_order import in_order, order_of

# What is stored with spans, and the columns of PART that it has beside the number: links are
# looked up by trace, from both ends.
PARTS = {"links": TRACE, "events": [], "messaging": []}
# Rows between a span and its parent. Traces of more spans than that have their parents' ids.
_NEAR = 64
_LINKED = {"trace_hi": "linked_trace_hi", "trace_lo": "linked_trace_lo"}


def number_spans(batch: Frames, first: int) -> Frames:
    """Spans with a `span_number` each, from `first` on in their order, and PARTS with that of
    their span, in its order, and its generation. Spans come with a `generation`."""
    spans = batch["spans"]
    numbers = np.arange(first, first + spans.height, dtype=np.int64)
    generations = spans["generation"].to_numpy()
    parents = spans["parent_span_id"].to_arrow()
    sought = [_key(spans, parents.fill_null(0).to_numpy())]
    sought += [_key(batch[name], _ids(batch[name])) for name in PARTS]
    places, found = IdTable(_key(spans, _ids(spans))).find(np.concatenate(sought))
    ends = np.cumsum([len(keys) for keys in sought])[:-1]
    parent_rows, *part_rows = np.split(np.where(found, places.astype(np.int64), -1), ends)
    parts = {}
    for name, rows in zip(PARTS, part_rows, strict=True):
        rows = _corrected(rows, batch[name], spans)
        order = order_of(rows)[np.count_nonzero(rows < 0) :]  # without those of no span
        kept = [n for n in batch[name].columns if n not in PART or n in PARTS[name]]
        parts[name] = with_series(
            in_order(batch[name][kept], order),
            span_number=pl.Series(numbers.take(rows.take(order))),
            generation=pl.Series(generations.take(rows.take(order))),
        )
    parts["links"] = _without_own_trace(parts["links"])
    offsets = _parent_offsets(
        spans,
        np.where(parents.is_valid().to_numpy(zero_copy_only=False), parent_rows, -1),
    )
    ids = _null_where(spans["parent_span_id"], offsets != 0)
    numbered = with_series(
        spans, ids, span_number=pl.Series(numbers), parent_offset=pl.Series(offsets)
    )
    return batch | parts | {"spans": numbered}


def _ids(rows: pl.DataFrame) -> U64Array:
    return rows["span_id"].to_numpy()


def _key(rows: pl.DataFrame, ids: U64Array) -> U64Array:
    """One number for trace and span: some senders count the spans of each trace."""
    return rows["trace_lo"].to_numpy() * ODD ^ ids


def _corrected(rows: Rows, parts: pl.DataFrame, spans: pl.DataFrame) -> Rows:
    """The row of each part's span, where `rows` are those that may be it; -1 without one."""
    right = rows >= 0
    for name in PART:
        right &= spans[name].to_numpy().take(rows) == parts[name].to_numpy()
    if not right.all():
        # Two contents of one span, that is, or rows that belong to none.
        missed = where(parts[PART], pl.Series(~right))
        of = spans[PART].with_row_index("row")
        told = missed.join(of, on=PART, how="left", maintain_order="left")["row"]
        rows = rows.copy()
        rows[~right] = told.cast(pl.Int64).fill_null(-1).to_numpy()
    return rows


def _without_own_trace(links: pl.DataFrame) -> pl.DataFrame:
    """No linked trace where a link stays in its trace."""
    hi, lo = ((links[own] == links[to]).to_numpy() for own, to in _LINKED.items())
    return with_series(links, *(_null_where(links[to], hi & lo) for to in _LINKED.values()))


def _null_where(column: pl.Series, rows: npt.NDArray[np.bool_]) -> pl.Series:
    none = pl.Series(column.name, [None], column.dtype)
    return column.zip_with(pl.Series(~rows), none)


def _parent_offsets(spans: pl.DataFrame, parents: Rows) -> "npt.NDArray[np.int32]":
    """How many rows below a span its parent is, of those whose `parents` (rows, or -1) stand
    near in the same append and trace; else 0. Rows of one trace lie together."""
    offsets = parents - np.arange(spans.height)
    children = np.flatnonzero((parents >= 0) & (np.abs(offsets) <= _NEAR))
    for name in (*TRACE, "generation"):
        column = spans[name].to_numpy()
        children = children[column.take(children) == column.take(parents.take(children))]
    near = np.zeros(spans.height, np.int32)
    near[children] = offsets[children]
    return near


class NumberedSpans:
    """Spans as stored, all that came together of the traces or appends that are read."""

    def __init__(self, spans: pa.Table) -> None:
        self._spans = spans
        numbers = spans["span_number"].to_numpy()
        self._order = np.argsort(numbers)
        self._numbers = numbers[self._order]

    def with_parents(self) -> pa.Table:
        """With the ids of all parents."""
        spans, column = self._spans, "parent_span_id"
        offsets = spans["parent_offset"].to_numpy()
        near = offsets != 0
        ids = self._take("span_id", spans["span_number"].to_numpy() + offsets)
        told = pc.if_else(pa.array(near), ids, spans[column])
        return spans.set_column(spans.schema.get_field_index(column), column, told)

    def with_ids(self, parts: pa.Table) -> pa.Table:
        """Rows of PARTS of these spans with the columns of PART."""
        numbers = parts["span_number"].to_numpy()
        for name in PART:
            if name not in parts.column_names:
                parts = parts.append_column(name, self._take(name, numbers))
        return parts

    def _take(self, column: str, numbers: npt.NDArray[np.int64]) -> "pa.ChunkedArray[Any]":
        places = self._order[np.searchsorted(self._numbers, numbers)]
        return self._spans[column].take(places)


def with_linked_traces(links: pa.Table) -> pa.Table:
    """Links as stored, with those to their own trace too."""
    for own, to in _LINKED.items():
        column = links.schema.get_field_index(to)
        links = links.set_column(column, to, pc.coalesce(links[to], links[own]))
    return links
