"""The correlation values of spans, as an append stores them."""

import numpy as np
import polars as pl

from storage.arrays import begin_runs, starts_of_runs
from storage.cheap_rows import where, with_series
from storage.seen import has_repeats, mix

_CARRIED = ["generation", "start_time_unix_nano"]


def date_sets(correlation: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The sets that the spans of each generation carry, with the latest start of these, in
    order of the generations."""
    carried = _carried(spans)
    if carried.is_empty():
        return with_series(correlation.clear(), *carried[_CARRIED].get_columns())
    if _repeats(correlation):
        correlation = correlation.unique()
    dated = carried.join(correlation, on="correlation_id", maintain_order="left_right")
    return dated[[*correlation.columns, *_CARRIED]]


def _carried(spans: pl.DataFrame) -> pl.DataFrame:
    """Each set of each generation, in order of both, and its latest start. Spans of one set
    mostly stand beside each other, so that few rows have to be put in order."""
    rows = spans[["correlation_id", *_CARRIED]]
    if rows["correlation_id"].null_count():
        rows = where(rows, rows["correlation_id"].is_not_null())
    if rows.is_empty():
        return rows
    ids, generations, starts = (column.to_numpy() for column in rows.get_columns())
    begun = starts_of_runs(ids, generations)
    latest = np.maximum.reduceat(starts, begun)
    ids, generations = ids[begun], generations[begun]
    order = np.lexsort((latest, ids, generations))
    ids, generations, latest = ids[order], generations[order], latest[order]
    last = np.append(begin_runs(ids, generations)[1:], True)
    found = (ids[last], generations[last], latest[last])
    return pl.DataFrame(dict(zip(rows.columns, found, strict=True)))


def _repeats(correlation: pl.DataFrame) -> bool:
    """Whether rows may occur more than once: those of equal id and key are equal."""
    keys = correlation["key"].to_arrow().dictionary_encode().indices.to_numpy()
    ids = mix(correlation["correlation_id"].to_numpy())
    return has_repeats(ids + keys.astype(np.uint64))
