"""Looking up rows of spans by their ids."""

import numpy as np
import polars as pl

from storage.cheap_rows import is_given
from storage.id_table import IdTable


def no_rows(height: int) -> pl.Series:
    """A row number for each of so many rows, all null."""
    return pl.Series("row", [None], dtype=pl.UInt32).new_from_index(0, height)


def flag(height: int, rows: pl.Series) -> pl.Series:
    """Of so many rows whether they are among these; nulls are none."""
    if rows.is_empty():
        return pl.Series([False]).new_from_index(0, height)
    known = rows.filter(is_given(rows)) if rows.null_count() else rows
    flags = np.zeros(height, dtype=np.bool_)
    flags[known.to_numpy().astype(np.int64)] = True  # else numpy would convert them in parts
    return pl.Series(flags)


class SpanIds:
    """An index of spans, whose rows are their places in `spans`: trace_hi, trace_lo, span_id,
    content_hash, at most one row a trace and span id.

    Two traces hardly ever use one span id. Where they do not, the span id alone leads to
    the row.
    """

    def __init__(self, spans: pl.DataFrame) -> None:
        self._spans = spans
        self._rows = IdTable(spans["span_id"].to_numpy())
        self.are_unique = self._rows.are_unique
        """No span id stands twice."""

    def find(self, wanted: pl.DataFrame) -> pl.Series:
        """`row` of the span with each of these ids (trace_hi, trace_lo, span_id, and maybe
        content_hash), null where there is none."""
        if not self.are_unique:
            known = self._spans[wanted.columns].with_row_index("row")
            return wanted.join(known, on=wanted.columns, how="left", maintain_order="left")["row"]
        if self._spans.is_empty() or wanted.is_empty():
            return no_rows(wanted.height)
        places, same = self._rows.find(wanted["span_id"].to_numpy())
        for name in wanted.columns:
            if name != "span_id":
                same &= self._spans[name].to_numpy().take(places) == wanted[name].to_numpy()
        rows = pl.Series("row", places)
        return rows if same.all() else rows.zip_with(pl.Series(same), no_rows(wanted.height))
