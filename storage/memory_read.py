"""What the reference engine tells of spans: pure functions over its frames."""

import json
from typing import Any

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.contract import Page, Rows, SearchQuery
from storage.correlation_keys import canonical_key
from storage.join_keys import KINDS
from storage.memory_frames import (
    DICTIONARIES,
    PART,
    SPAN,
    TRACE,
    Frames,
    arrow,
    distinct,
    slice_page,
)
from storage.paging import TRACE_KEY, TRACE_ORDER
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


def spans_of(frames: Frames, traces: pl.DataFrame, *, bare: bool) -> SpanBatch:
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
    if bare:
        found["keys"] = found["keys"].clear()
    for name in bared:
        found[name] = found[name].with_columns(attributes=pl.lit("{}"))
    return SpanBatch(**{n: arrow(found[n], columns) for n, columns in schema.BATCH_SCHEMAS.items()})


def spans_with_correlation(frames: Frames, key: str, value: str) -> pa.Table:
    return arrow(_carriers(frames, key, value).select(SPAN).unique(), schema.SPAN_IDS)


def _carriers(frames: Frames, key: str, value: str) -> pl.DataFrame:
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


def search(frames: Frames, query: SearchQuery, page: Page) -> Rows:
    spans = frames["spans"].join(
        frames["resources"].select("resource_id", "service_name"), on="resource_id", how="left"
    )
    matched = _matching(frames, spans, query)
    of_traces = spans.join(matched, on=TRACE, how="semi")
    starts = of_traces.group_by(TRACE).agg(pl.min("start_time_unix_nano"))
    rows, mark = slice_page(starts, page, "start_time_unix_nano", TRACE_ORDER, TRACE_KEY)
    summaries = _summaries(of_traces.join(rows, on=TRACE, how="semi"))
    ordered = rows.select(TRACE).join(summaries, on=TRACE, how="left", maintain_order="left")
    return Rows(arrow(ordered, results.TRACE_SUMMARIES), mark)


def _matching(frames: Frames, spans: pl.DataFrame, query: SearchQuery) -> pl.DataFrame:
    start, end = pl.col("start_time_unix_nano"), pl.col("end_time_unix_nano")
    if query.attribute is not None:
        name, value = query.attribute
        if key := canonical_key(name):
            spans = spans.join(_carriers(frames, key, value), on=PART, how="semi")
        else:
            texts = spans["attributes"].to_list()
            spans = spans.filter([attribute_text(text, name) == value for text in texts])
    conditions = {
        "service_name": query.service,
        "name": query.name,
        "status_code": query.status_code,
    }
    for column, wanted in conditions.items():
        if wanted is not None:
            spans = spans.filter(pl.col(column) == wanted)
    if query.min_duration_nano is not None:
        length = end.cast(pl.Int128) - start.cast(pl.Int128)
        spans = spans.filter(length >= pl.lit(query.min_duration_nano, pl.Int128))
    return between(spans, "start_time_unix_nano", query.start, query.end)


def between(frame: pl.DataFrame, column: str, start: int | None, end: int | None) -> pl.DataFrame:
    if start is not None:
        frame = frame.filter(pl.col(column) >= start)
    if end is not None:
        frame = frame.filter(pl.col(column) < end)
    return frame


def attribute_text(attributes: str, name: str) -> str | None:
    """A value as text: strings as they are, others as JSON; None for null and absent."""
    value: Any = json.loads(attributes).get(name)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _summaries(spans: pl.DataFrame) -> pl.DataFrame:
    ids = spans.select(*TRACE, parent_span_id="span_id", has_parent=pl.lit(value=True)).unique()
    placed = spans.join(ids, on=[*TRACE, "parent_span_id"], how="left").sort(
        pl.col("has_parent").fill_null(value=False),
        "start_time_unix_nano",
        "span_id",
        "content_hash",
    )
    return placed.group_by(TRACE, maintain_order=True).agg(
        root_name=pl.first("name"),
        root_service_name=pl.first("service_name"),
        service_names=pl.col("service_name").drop_nulls().unique().sort(),
        span_count=pl.len(),
        error_count=(pl.col("status_code") == 2).sum(),
        start_time_unix_nano=pl.min("start_time_unix_nano"),
        end_time_unix_nano=pl.max("end_time_unix_nano"),
    )
