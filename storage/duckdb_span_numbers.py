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

from storage.memory_frames import PART, TRACE, Frames

# What is stored with spans, and the columns of PART that it has beside the number: links are
# looked up by trace, from both ends.
PARTS = {"links": TRACE, "events": [], "messaging": []}
# Rows between a span and its parent. Traces of more spans than that have their parents' ids.
_NEAR = 64
_LINKED = {"trace_hi": "linked_trace_hi", "trace_lo": "linked_trace_lo"}


def number_spans(batch: Frames, first: int) -> Frames:
    """Spans with a `span_number` each, from `first` on in their order, and PARTS with that of
    their span, in its order, and its generation. Spans come with a `generation`."""
    spans = batch["spans"].with_columns(
        span_number=pl.int_range(first, first + pl.len(), dtype=pl.Int64)
    )
    of = spans.select(*PART, "span_number", "generation")
    parts = {
        name: batch[name]
        .join(of, on=PART)
        .drop([column for column in PART if column not in kept])
        .sort("span_number", maintain_order=True)
        for name, kept in PARTS.items()
    }
    parts["links"] = _without_own_trace(parts["links"])
    return batch | parts | {"spans": _with_offsets(spans)}


def _without_own_trace(links: pl.DataFrame) -> pl.DataFrame:
    """No linked trace where a link stays in its trace."""
    elsewhere = pl.any_horizontal(pl.col(own) != pl.col(to) for own, to in _LINKED.items())
    return links.with_columns(pl.when(elsewhere).then(pl.col(to)) for to in _LINKED.values())


def _with_offsets(spans: pl.DataFrame) -> pl.DataFrame:
    """`parent_offset` instead of the parent's id where it stands near in the same append and
    trace, else 0. Rows of one trace lie together."""
    append = [spans[name].to_numpy() for name in (*TRACE, "generation")]
    ids, parents = spans["span_id"].to_numpy(), spans["parent_span_id"].fill_null(0).to_numpy()
    told = spans["parent_span_id"].is_not_null().to_numpy()
    offsets = np.zeros(spans.height, np.int32)
    changes = np.flatnonzero(np.diff(append[1])) + 1
    longest = int(np.diff(changes, prepend=0, append=spans.height).max())
    for distance in range(1, min(_NEAR + 1, longest)):
        for offset in (distance, -distance):
            first, last = max(0, -offset), spans.height - max(0, offset)
            children = first + np.flatnonzero(
                parents[first:last] == ids[first + offset : last + offset]
            )
            same = [column[children] == column[children + offset] for column in append]
            offsets[children[np.logical_and.reduce([told[children], *same])]] = offset
    far = pl.when(pl.col("parent_offset") == 0).then("parent_span_id")
    numbered = spans.with_columns(parent_offset=pl.Series(offsets))
    return numbered.with_columns(parent_span_id=far)


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
