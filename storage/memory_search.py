"""How the reference engine finds traces (storage/search_reads.py)."""

import json
from typing import Any

import polars as pl
import pyarrow as pa

from storage import results, schema
from storage.correlation_keys import canonical_key
from storage.join_keys import hash_key
from storage.memory_frames import PART, TRACE, Frames, arrow, read, slice_page
from storage.memory_read import between, carriers_of
from storage.paging import TRACE_KEY, TRACE_ORDER
from storage.queries import Found, Page, Problem, SearchQuery


class MemorySearch:
    def _read(self) -> Frames:
        raise NotImplementedError

    def search(self, query: SearchQuery, page: Page, scan: int | None = None) -> Found:  # noqa: ARG002 - part of the contract
        """Looks at everything, whatever `scan` says."""
        frames = self._read()
        matched = _matching(frames, _named(frames), query)
        newest = matched.group_by(TRACE).agg(newest=pl.max("start_time_unix_nano"))
        rows, mark = slice_page(newest, page, "newest", TRACE_ORDER, TRACE_KEY)
        summaries = _summarise(frames, rows)
        ordered = rows.select(TRACE).join(summaries, on=TRACE, how="left", maintain_order="left")
        table = arrow(ordered, results.TRACE_SUMMARIES)
        return Found(table, mark, None if mark is None else rows["newest"][-1])

    def summaries_of(self, traces: pa.Table) -> pa.Table:
        found = _summarise(self._read(), read(traces)).sort(
            "start_time_unix_nano", *TRACE, descending=[True, False, False]
        )
        return arrow(found, results.TRACE_SUMMARIES)

    def traces_ending_in(self, trace_lo: int) -> pa.Table:
        spans = self._read()["spans"].filter(pl.col("trace_lo") == pl.lit(trace_lo, pl.UInt64))
        return arrow(spans.select(TRACE).unique(), schema.TRACE_IDS)

    def traces_with_message(self, message: str, limit: int) -> pa.Table:
        hashed = pl.lit(hash_key("message", message), pl.UInt64)
        carriers = self._read()["keys"].filter(pl.col("key_hash") == hashed).select(TRACE)
        return arrow(carriers.unique().sort(TRACE).head(limit), schema.TRACE_IDS)


def _named(frames: Frames) -> pl.DataFrame:
    """Spans with the name of their service."""
    names = frames["resources"].select("resource_id", "service_name")
    return frames["spans"].join(names, on="resource_id", how="left")


def _matching(frames: Frames, spans: pl.DataFrame, query: SearchQuery) -> pl.DataFrame:
    for name, value in query.attributes:
        spans = _with_attribute(frames, spans, name, value)
    for column, wanted in (
        ("service_name", query.service),
        ("name", query.name),
        ("status_code", query.status_code),
    ):
        if wanted is not None:
            spans = spans.filter(pl.col(column) == wanted)
    if query.name_contains is not None:
        part = query.name_contains.lower()
        spans = spans.filter([part in name.lower() for name in spans["name"].to_list()])
    length = pl.col("end_time_unix_nano").cast(pl.Int128) - pl.col("start_time_unix_nano")
    if query.min_duration_nano is not None:
        spans = spans.filter(length >= pl.lit(query.min_duration_nano, pl.Int128))
    if query.max_duration_nano is not None:
        spans = spans.filter(length <= pl.lit(query.max_duration_nano, pl.Int128))
    if query.problem is not None:
        spans = spans.join(_troubled(frames, query.problem), on=TRACE, how="semi")
    return between(spans, "start_time_unix_nano", query.start, query.end)


def _with_attribute(frames: Frames, spans: pl.DataFrame, name: str, value: str) -> pl.DataFrame:
    if key := canonical_key(name):
        return spans.join(carriers_of(frames, key, value), on=PART, how="semi")
    if name in frames["correlation"]["key"]:
        return spans.join(carriers_of(frames, name, value), on=PART, how="semi")
    own = [attribute_text(text, name) == value for text in spans["attributes"].to_list()]
    found = pl.Series(own, dtype=pl.Boolean)
    for table, key in (("resources", "resource_id"), ("scopes", "scope_id")):
        rows = frames[table].select(key, "attributes").iter_rows()
        having = [number for number, text in rows if attribute_text(text, name) == value]
        found |= spans[key].is_in(pl.Series(having, dtype=pl.UInt64).implode())
    return spans.filter(found)


def _troubled(frames: Frames, problem: Problem) -> pl.DataFrame:
    if problem == "error":
        return frames["spans"].filter(pl.col("status_code") == 2)
    if problem == "orphan":
        return frames["orphans"].filter(~pl.col("hidden") & ~pl.col("expected"))
    return frames["endpoints"].filter((pl.col("role") == "process") & pl.col("dead_letter"))


def attribute_text(attributes: str, name: str) -> str | None:
    """A value as text: strings as they are, others as JSON; None for null and absent."""
    value: Any = json.loads(attributes).get(name)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _summarise(frames: Frames, traces: pl.DataFrame) -> pl.DataFrame:
    spans = _named(frames).join(traces, on=TRACE, how="semi")
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
