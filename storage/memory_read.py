"""What the reference engine tells of spans: pure functions over its frames."""

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.join_keys import KINDS
from storage.memory_frames import (
    DICTIONARIES,
    SPAN,
    TRACE,
    Frames,
    arrow,
    distinct,
)
from storage.schema import SpanBatch

_LINKED = ["linked_trace_hi", "linked_trace_lo"]


def first_stored(spans: pl.DataFrame) -> pl.DataFrame:
    return distinct(spans.sort("generation", maintain_order=True), SPAN).select(
        *SPAN, "stored_at_unix_nano"
    )


def traces_since(frames: Frames, generation: int, limit: int, newest: int) -> tuple[pa.Table, int]:
    later = frames["spans"].filter(pl.col("generation") > generation)
    sizes = later.group_by("generation").len().sort("generation")
    before = sizes["len"].cum_sum() - sizes["len"]
    whole = sizes.filter(before < max(limit, 1))["generation"]
    upto = int(whole[-1]) if len(whole) else newest
    arrived = later.filter(pl.col("generation") <= upto).select(TRACE).unique()
    telling = pl.concat(
        [
            frames["messaging"].select(TRACE),
            frames["links"].select(TRACE),
            frames["links"].select(trace_hi=_LINKED[0], trace_lo=_LINKED[1]),
            frames["keys"].filter(pl.col("kind") == KINDS["work"]).select(TRACE),
        ]
    )
    return arrow(arrived.join(telling, on=TRACE, how="semi"), schema.TRACE_IDS), upto


def related_traces(frames: Frames, traces: pl.DataFrame, hot_key_limit: int) -> pa.Table:
    keys = frames["keys"]
    named = keys.join(traces, on=TRACE, how="semi").select("key_hash").unique()
    shared = (
        keys.select("key_hash", *TRACE)
        .unique()
        .join(named, on="key_hash", how="semi")
        .filter(pl.len().over("key_hash") <= hot_key_limit)
    )
    # Links to no trace at all connect nothing.
    links = frames["links"].filter((pl.col(_LINKED[0]) > 0) | (pl.col(_LINKED[1]) > 0))
    found = pl.concat(
        [
            traces.select(TRACE),
            shared.select(TRACE),
            links.join(traces, on=TRACE, how="semi").select(
                trace_hi=_LINKED[0], trace_lo=_LINKED[1]
            ),
            links.join(traces, left_on=_LINKED, right_on=TRACE, how="semi").select(TRACE),
        ]
    )
    return arrow(found.unique(), schema.TRACE_IDS)


def hot_keys(keys: pl.DataFrame, traces: pl.DataFrame, limit: int) -> pa.Table:
    named = keys.join(traces, on=TRACE, how="semi")
    carriers = keys.join(named, on="key_hash", how="semi").select("key_hash", *TRACE).unique()
    hot = carriers.group_by("key_hash").len().filter(pl.col("len") > limit)
    return arrow(hot, results.KEY_HASHES)


def heated_traces(keys: pl.DataFrame, hot: pl.DataFrame, limit: int, after: int) -> pa.Table:
    carriers = (
        keys.join(hot, on="key_hash", how="semi")
        .group_by("key_hash", *TRACE)
        .agg(before=pl.min("generation") <= after)
    )
    counts = carriers.group_by("key_hash").agg(pl.len(), pl.col("before").sum())
    heated = counts.filter((pl.col("len") > limit) & (pl.col("before") <= limit))
    found = carriers.filter("before").join(heated, on="key_hash", how="semi")
    return arrow(found.select(TRACE).unique(), schema.TRACE_IDS)


def spans_of(frames: Frames, traces: pl.DataFrame, *, bare: bool, keys: bool = True) -> SpanBatch:
    bared = {"spans", "links", "events", "scopes"} if bare else set()
    spans = (
        frames["spans"]
        .join(traces, on=TRACE, how="semi")
        .sort(*TRACE, "start_time_unix_nano", "span_id", "content_hash")
    )
    found = {"spans": spans}
    for name in ("links", "events", "messaging", "keys"):
        found[name] = frames[name].join(traces, on=TRACE, how="semi")
    for name, (key, *_) in DICTIONARIES.items():
        owners = found["messaging"] if name == "shapes" else spans
        found[name] = frames[name].join(owners, on=key, how="semi")
    found["keys"] = found["keys"].drop("generation").unique(maintain_order=True)
    if bare or not keys:
        found["keys"] = found["keys"].clear()
    for name in bared:
        found[name] = found[name].with_columns(attributes=pl.lit("{}"))
    return SpanBatch(**{n: arrow(found[n], columns) for n, columns in schema.BATCH_SCHEMAS.items()})


def spans_with_correlation(frames: Frames, key: str, value: str) -> pa.Table:
    return arrow(carriers_of(frames, key, value).select(SPAN).unique(), schema.SPAN_IDS)


def traces_with_correlation(frames: Frames, key: str, value: str) -> pa.Table:
    return arrow(carriers_of(frames, key, value).select(TRACE), schema.TRACE_IDS)


def carriers_of(frames: Frames, key: str, value: str) -> pl.DataFrame:
    sets = frames["correlation"].filter((pl.col("key") == key) & (pl.col("value") == value))
    return frames["spans"].join(sets, on="correlation_id", how="semi")


def traces_of_span(frames: Frames, span_id: int) -> pa.Table:
    spans = frames["spans"].filter(pl.col("span_id") == pl.lit(span_id, pl.UInt64))
    return arrow(spans.select(TRACE).unique(), schema.TRACE_IDS)


def correlation_of(frames: Frames, traces: pl.DataFrame) -> pa.Table:
    spans = frames["spans"].join(traces, on=TRACE, how="semi")
    found = spans.join(frames["correlation"], on="correlation_id")
    columns = results.TRACE_CORRELATION
    return arrow(found.select(columns.names).unique().sort(columns.names), columns)


def recent_correlation(frames: Frames, key: str, limit: int) -> list[str]:
    carried = frames["correlation"].filter(pl.col("key") == key)
    newest = (
        carried.join(frames["spans"], on="correlation_id")
        .group_by("value")
        .agg(pl.max("start_time_unix_nano"))
        .sort("start_time_unix_nano", "value", descending=[True, False])
    )
    return newest["value"].head(limit).to_list()


def between(frame: pl.DataFrame, column: str, start: int | None, end: int | None) -> pl.DataFrame:
    if start is not None:
        frame = frame.filter(pl.col(column) >= start)
    if end is not None:
        frame = frame.filter(pl.col(column) < end)
    return frame
