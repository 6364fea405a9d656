"""Looking up rows of spans by their ids."""

import numpy as np
import polars as pl

from storage.cheap_rows import is_given


def no_rows(height: int) -> pl.Series:
    """A row number for each of so many rows, all null."""
    return pl.Series("row", [None], dtype=pl.UInt32).new_from_index(0, height)


def flag(height: int, rows: pl.Series) -> pl.Series:
    """Of so many rows whether they are among these; nulls are none."""
    flags = np.zeros(height, dtype=np.bool_)
    known = rows.filter(is_given(rows)) if rows.null_count() else rows
    flags[known.to_numpy()] = True
    return pl.Series(flags)


class SpanIds:
    """An index of spans, whose rows are their places in `spans`: trace_hi, trace_lo, span_id,
    content_hash, at most one row a trace and span id.

    Two traces hardly ever use one span id. Where they do not, the span id alone leads to
    the row, by a binary search.
    """

    def __init__(self, spans: pl.DataFrame) -> None:
        self._spans = spans
        ids = spans["span_id"].to_numpy()
        self._order = np.argsort(ids).astype(np.uint32)
        self._sorted = ids[self._order]
        self.are_unique = not (self._sorted[1:] == self._sorted[:-1]).any()
        """No span id stands twice."""

    def find(self, wanted: pl.DataFrame) -> pl.Series:
        """`row` of the span with each of these ids (trace_hi, trace_lo, span_id, and maybe
        content_hash), null where there is none."""
        if not self.are_unique:
            known = self._spans[wanted.columns].with_row_index("row")
            return wanted.join(known, on=wanted.columns, how="left", maintain_order="left")["row"]
        nothing = no_rows(wanted.height)
        if self._spans.is_empty() or wanted.is_empty():
            return nothing
        rows = self._nearest(wanted["span_id"].to_numpy())
        same = pl.Series([True]).new_from_index(0, wanted.height)
        for name in wanted.columns:
            same &= wanted[name] == self._spans[name][rows]
        return rows.zip_with(same, nothing)

    def _nearest(self, ids: np.ndarray) -> pl.Series:
        """The only row that each span id may be of."""
        order = np.argsort(ids)  # searching in order stays within the processor's cache
        places = np.empty(len(ids), dtype=np.int64)
        places[order] = np.searchsorted(self._sorted, ids[order])
        return pl.Series("row", self._order[np.minimum(places, len(self._order) - 1)])
