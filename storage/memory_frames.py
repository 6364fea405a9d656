"""Tables as Polars frames, to and from Arrow, and the pages of the reference engine."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.contract import Page, Rows
from storage.paging import decode_mark, encode_mark

Frames = dict[str, pl.DataFrame]

TRACE = ["trace_hi", "trace_lo"]
SPAN = [*TRACE, "span_id"]
PART = [*SPAN, "content_hash"]
# Tables whose rows are stored once, and the key of each.
DICTIONARIES = {
    "resources": ["resource_id"],
    "scopes": ["scope_id"],
    "shapes": ["shape_id"],
    "correlation": ["correlation_id", "key"],
}


def first_frames() -> Frames:
    """Of a store that holds nothing."""
    return dict(_empty_frames())


@cache
def _empty_frames() -> Frames:
    frames = {name: read(columns.empty_table()) for name, columns in schema.BATCH_SCHEMAS.items()}
    frames["spans"] = frames["spans"].with_columns(
        generation=pl.lit(0, pl.UInt64), stored_at_unix_nano=pl.lit(0, pl.Int64)
    )
    generation = pl.lit(0, pl.UInt64).alias("generation")
    frames["keys"] = frames["keys"].with_columns(generation)
    frames["losses"] = read(schema.TRACE_IDS.empty_table()).with_columns(generation)
    frames["past_facts"] = read(results.PAST_FACTS.empty_table()).with_columns(generation)
    frames["endpoints"] = read(schema.ENDPOINTS.empty_table())
    frames["connections"] = read(schema.CONNECTIONS.empty_table())
    frames["orphans"] = read(results.ORPHAN_ROWS.empty_table())
    return frames


def read(table: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(table)


def equals(given: Mapping[str, str | None]) -> pl.Expr:
    """Whether columns have these values. Null is a value like any other."""
    return pl.all_horizontal(
        pl.col(name).eq_missing(pl.lit(value, pl.String)) for name, value in given.items()
    )


def newest_of(spans: pl.DataFrame) -> int:
    """The newest generation of rows that have one; 0 without any."""
    newest: int | None = spans.select(pl.max("generation")).item()
    return newest or 0


def arrow(frame: pl.DataFrame, columns: pa.Schema) -> pa.Table:
    # Polars' own texts are views, which pyarrow cannot filter: the cast lays them out anew.
    return results.fit(as_views(frame, columns), columns)


def as_views(frame: pl.DataFrame, columns: pa.Schema) -> pa.Table:
    """As `arrow`, but for texts, which lie where and as Polars has them: nothing is copied."""
    return frame[columns.names].to_arrow(compat_level=pl.CompatLevel.newest())


def distinct(frame: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return frame.unique(key, keep="first", maintain_order=True)


def keep_spans(batch: Frames, kept: pl.DataFrame) -> Frames:
    """The batch with the spans of these rows (`row`, PART), and once each of the rows under
    them."""
    under = {"links": PART, "events": PART, "messaging": PART, "keys": TRACE}
    parts = {
        name: batch[name].unique(maintain_order=True).join(kept, on=on, how="semi")
        for name, on in under.items()
    }
    return batch | parts | {"spans": batch["spans"][kept["row"]]}


def slice_page(
    frame: pl.DataFrame,
    page: Page,
    start: str,
    order: Sequence[str],
    shape: Sequence[range | None],
) -> tuple[pl.DataFrame, str | None]:
    """Newest start first, then by `order`; what stands behind the page's mark."""
    frame = frame.sort(start, *order, descending=[True] + [False] * len(order))
    first = 0
    if page.after is not None:
        newest, *rest = decode_mark(page.after, shape)
        keys = [(-row[0], *row[1:]) for row in frame.select(start, *order).iter_rows()]
        first = bisect_right(keys, (-int(newest), *rest))
    rows = frame.slice(first, page.limit)
    more = first + page.limit < frame.height
    mark = encode_mark(rows.select(start, *order).row(-1)) if more and rows.height else None
    return rows, mark


def page_of(
    frame: pl.DataFrame,
    columns: pa.Schema,
    page: Page,
    start: str,
    order: Sequence[str],
    shape: Sequence[range | None],
) -> Rows:
    rows, mark = slice_page(frame, page, start, order, shape)
    return Rows(arrow(rows, columns), mark)
