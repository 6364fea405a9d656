"""The working frame: one row per span, small integers instead of ids.

Rules join on `row` (the index of a span in its frame), `world` (environment and
namespace: what weaker evidence never crosses) and `service`.
"""

from collections.abc import Sequence

import polars as pl

from analyzer.names import mark_messages, name_shapes, read_messages
from analyzer.roles import assign_roles
from analyzer.structure import find_parents
from storage.schema import SHAPE_COLUMNS, SpanBatch

SPAN = ["trace_hi", "trace_lo", "span_id"]
PART = [*SPAN, "content_hash"]
IDENTITY = ["service_name", "service_namespace", "environment"]

# "order.publish" and "order.process" belong to the domain "order"
DOMAIN = (
    r"(?i)^(.+)[._/ -]"
    r"(?:publish|send|produce|create|emit|process|receive|consume|handle)(?:d|r|er)?$"
)

# A message's own columns that rules read.
_MESSAGE = [
    "message_id",
    "event_id",
    "kafka_partition",
    "kafka_offset",
    "kafka_key",
    "batch_count",
    "delivery_attempt",
    "invocation_id",
]
# What spans that agree in these mean is worked out once for all of them.
_ALIKE = ["shape_id", "scope_id", "name", "kind", "marked", "recorded", "identified"]
_MEANING = [
    "system",
    "destination",
    "scope",
    "consumer_group",
    "dead_letter",
    "kafka_topic",
    "kafka_cluster",
    "event_source",
    "event_detail_type",
    "trigger",
    "celery_task",
    "scope_name",
    "scope_version",
    "role",
    "api_receive",
    "domain",
    "says_receive",
]
_ORDER = ["trace_hi", "trace_lo", "start_time_unix_nano", "span_id"]
_UNREAD = [
    "attributes",
    "status_message",
    "trace_state",
    "dropped_attributes_count",
    "dropped_events_count",
]


def read_table(batch: SpanBatch, name: str, unread: Sequence[str] = ()) -> pl.DataFrame:
    """One table of the batch as a Polars frame, without some columns."""
    frame = pl.from_arrow(getattr(batch, name).drop_columns(list(unread)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    return frame


def build_frame(batch: SpanBatch) -> pl.DataFrame:
    """Spans with service, message, meaning, role and structure.

    Sorted by (trace, start, span id): the row order is a function of the set of
    spans. Of spans with the same ids one is kept, the one with the smallest
    content hash; which arrived first does not matter.
    """
    messages = mark_messages(
        read_table(batch, "messaging")
        .filter(pl.col("part") == "span")
        .select(*PART, "shape_id", *_MESSAGE, marked=pl.lit(value=True))
    )
    spans = _in_order(_one_of_each(read_table(batch, "spans", _UNREAD)))
    frame = (
        _join_messages(spans, messages)
        .with_columns(pl.col("marked", "recorded", "identified").fill_null(value=False))
        .with_row_index("row")
        .join(_read_services(batch), on="resource_id", how="left", maintain_order="left")
        .rename({"start_time_unix_nano": "start", "end_time_unix_nano": "end"})
    )
    new = pl.col("trace_hi").ne_missing(pl.col("trace_hi").shift()) | pl.col("trace_lo").ne_missing(
        pl.col("trace_lo").shift()
    )
    frame = frame.with_columns(  # the first row of each trace stands for it
        pl.when(new).then("row").forward_fill().alias("trace")
    )
    frame = find_parents(read_messages(_add_meaning(frame, batch)))
    return frame.with_columns(pl.col("end").max().over("top").alias("work_end"))


def _are_unique(rows: pl.DataFrame) -> bool:
    """No span id stands twice: nearly always, and quickly told."""
    return rows["span_id"].n_unique() == rows.height


def _join_messages(spans: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    if _are_unique(spans) and _are_unique(messages):  # one column tells what belongs together
        messages = messages.drop("trace_hi", "trace_lo", "content_hash")
        return spans.join(messages, on="span_id", how="left", maintain_order="left")
    return spans.join(messages.unique(PART), on=PART, how="left", maintain_order="left")


def _one_of_each(spans: pl.DataFrame) -> pl.DataFrame:
    if _are_unique(spans):
        return spans
    return spans.sort(*SPAN, "content_hash").unique(SPAN, keep="first")


def _in_order(spans: pl.DataFrame) -> pl.DataFrame:
    """By trace, start and span id: as stores give them."""
    first, then = spans[:-1], spans[1:]
    behind = pl.Series([False]).new_from_index(0, len(then))
    for name in reversed(_ORDER):
        one, other = first[name], then[name]
        behind = (one > other) | ((one == other) & behind)
    return spans.sort(_ORDER) if behind.any() else spans


def _read_services(batch: SpanBatch) -> pl.DataFrame:
    """Resources with numbers for `world` and `service`: dense, and a function of the set."""
    resources = (
        read_table(batch, "resources")
        .unique("resource_id")
        .select("resource_id", *IDENTITY, "service_version", "sdk_language")
    )
    for number, key in (("world", ["environment", "service_namespace"]), ("service", IDENTITY)):
        kinds = resources.select(key).unique().sort(key).with_row_index(number)
        resources = resources.join(kinds, on=key, nulls_equal=True)
    return resources


def _add_meaning(frame: pl.DataFrame, batch: SpanBatch) -> pl.DataFrame:
    scopes = (
        read_table(batch, "scopes")
        .unique("scope_id")
        .select("scope_id", scope_name="name", scope_version="version")
    )
    kinds = frame.select(_ALIKE).unique()
    told = assign_roles(
        name_shapes(
            kinds.join(scopes, on="scope_id", how="left").join(
                read_shapes(batch), on="shape_id", how="left"
            )
        )
    ).with_columns(
        pl.col("name").str.extract(DOMAIN).str.to_lowercase().alias("domain"),
        pl.col("name")
        .str.to_lowercase()
        .str.contains("receive", literal=True)
        .alias("says_receive"),
    )
    told = told.select(*_ALIKE, *_MEANING)
    return frame.join(told, on=_ALIKE, how="left", nulls_equal=True, maintain_order="left")


def read_shapes(batch: SpanBatch) -> pl.DataFrame:
    return read_table(batch, "shapes").unique("shape_id").select("shape_id", *SHAPE_COLUMNS)
