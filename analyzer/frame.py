"""The working frame: one row per span, small integers instead of ids.

Rules join on `row` (the index of a span in its frame), `world` (environment and
namespace: what weaker evidence never crosses) and `service`.
"""

import polars as pl

from analyzer.names import normalise
from analyzer.roles import assign_roles
from analyzer.structure import find_parents
from storage.schema import TYPED_COLUMNS, SpanBatch

SPAN = ["trace_hi", "trace_lo", "span_id"]
PART = [*SPAN, "content_hash"]
IDENTITY = ["service_name", "service_namespace", "environment"]


def read_table(batch: SpanBatch, name: str) -> pl.DataFrame:
    """One table of the batch as a Polars frame."""
    frame = pl.from_arrow(getattr(batch, name))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    return frame


def build_frame(batch: SpanBatch) -> pl.DataFrame:
    """Spans with service, typed columns, meaning, role and structure.

    Sorted by (trace, start, span id): the row order is a function of the set of
    spans. Of spans with the same ids one is kept, the one with the smallest
    content hash; which arrived first does not matter.
    """
    spans = (
        read_table(batch, "spans")
        .drop("attributes", "status_message", "trace_state", "dropped_events_count")
        .sort(*SPAN, "content_hash")
        .unique(SPAN, keep="first", maintain_order=True)
    )
    resources = (
        read_table(batch, "resources")
        .unique("resource_id")
        .select("resource_id", *IDENTITY, "service_version", "sdk_language")
    )
    scopes = (
        read_table(batch, "scopes")
        .unique("scope_id")
        .select(
            "scope_id", pl.col("name").alias("scope_name"), pl.col("version").alias("scope_version")
        )
    )
    typed = (
        read_table(batch, "messaging")
        .filter(pl.col("part") == "span")
        .select(*PART, *TYPED_COLUMNS)
        .unique(PART)
        .with_columns(marked=pl.lit(value=True))
    )
    frame = (
        spans.join(resources, on="resource_id", how="left")
        .join(scopes, on="scope_id", how="left")
        .join(typed, on=PART, how="left")
        .with_columns(pl.col("marked").fill_null(value=False))
        .sort("trace_hi", "trace_lo", "start_time_unix_nano", "span_id")
        .with_row_index("row")
        .with_columns(
            # the smallest span row of each trace, service, world: dense enough, and stable
            pl.col("row").min().over("trace_hi", "trace_lo").alias("trace"),
            pl.col("row").min().over("environment", "service_namespace").alias("world"),
            pl.col("row")
            .min()
            .over("environment", "service_namespace", "service_name")
            .alias("service"),
        )
        .rename({"start_time_unix_nano": "start", "end_time_unix_nano": "end"})
    )
    return find_parents(assign_roles(normalise(frame)))


def hex_text(ids: pl.Series) -> pl.Series:
    """64-bit ids as 16 lowercase hex digits, as people know them."""
    return pl.Series(ids.name, [f"{value:016x}" for value in ids.to_list()], dtype=pl.String)
