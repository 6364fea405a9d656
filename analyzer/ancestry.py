"""Who stands above whom among spans, by row.

Columns instead of an object for each span: a journey may have a hundred thousand spans, of
which a few hundred hand something over.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

TraceId = tuple[int, int]
SpanId = tuple[int, int, int]

NOBODY = -1
_IDS = ["trace_hi", "trace_lo", "span_id"]


@dataclass(frozen=True, slots=True)
class Ancestry:
    """`rows` are SPANS, each ids once, by these; of spans with the same ids that one counts
    which has the smallest content hash. `above` is the row of each one's parent, NOBODY where
    that is not among them; `traces` the first row of each trace and the one past its last."""

    rows: pl.DataFrame
    above: Sequence[int]
    traces: Mapping[TraceId, tuple[int, int]]
    _span_ids: Sequence[int]

    def __len__(self) -> int:
        return len(self.above)

    def row(self, span: SpanId) -> int | None:
        first, past = self.traces.get(span[:2], (0, 0))
        found = bisect_left(self._span_ids, span[2], first, past)
        return found if found < past and self._span_ids[found] == span[2] else None


def read_ancestry(spans: pa.Table) -> Ancestry:
    """`spans` have the ids, content hash and parent of SPANS at least."""
    frame = pl.from_arrow(spans)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    rows = frame.sort(*_IDS, "content_hash").unique(_IDS, keep="first", maintain_order=True)
    rows = rows.with_row_index("row")
    parents = rows.select(*_IDS[:2], parent_span_id="span_id", above=pl.col("row").cast(pl.Int64))
    above = rows.select(*parents.columns[:3]).join(
        parents, on=parents.columns[:3], how="left", maintain_order="left"
    )
    by_trace = rows.group_by("trace_hi", "trace_lo").agg(
        pl.col("row").min(), past=pl.col("row").max() + 1
    )
    return Ancestry(
        rows,
        above["above"].fill_null(NOBODY).to_list(),
        {(hi, lo): (first, past) for hi, lo, first, past in by_trace.iter_rows()},
        rows["span_id"].to_list(),
    )


def nearest(
    rows: Iterable[int],
    above: Sequence[int],
    marked: Container[int],
    known: dict[int, int] | None = None,
) -> dict[int, int]:
    """Of each row the nearest marked one: itself or an ancestor. NOBODY without any, also
    for parents that run in a circle. Linear, however deep the trace. `known` is what earlier
    calls with the same parents and marks gave; it is added to."""
    found: dict[int, int] = {} if known is None else known
    for row in rows:
        path: list[int] = []
        seen: set[int] = set()
        here = row
        while here != NOBODY and here not in found and here not in marked and here not in seen:
            path.append(here)
            seen.add(here)
            here = above[here]
        end = NOBODY
        if here != NOBODY and here not in seen:
            end = found.get(here, here)
            found[here] = end
        found.update(dict.fromkeys(path, end))
    return found
