"""Spans of Kafka's libraries for what is no record: errors, and ends of partitions."""

import polars as pl

from analyzer.frame import Frame
from analyzer.rules import SKEW_NANO
from storage.cheap_rows import is_given, where

_LIBRARY = "confluent"
RECORD = ["kafka_topic", "kafka_partition", "kafka_offset"]


def tells_events(frame: Frame) -> bool:
    """Whether a library is here that makes spans of such events."""
    return any(_LIBRARY in scope for scope in frame.meanings["scope_name"] if scope is not None)


def error_events(frame: Frame, process: pl.Series) -> pl.Series:
    """Kafka error and end-of-partition events (rule N3): a process span below a
    `recv` root that has a partition but no record."""
    idle = where(
        frame.rows[["row", "parent"]],
        process & ~frame["has_children"] & is_given(frame["parent"]),
    )
    if idle.is_empty():
        return frame.flag(idle["row"])
    told = frame.tell(idle["row"], "system", "message_id", *RECORD).with_columns(
        frame.tell(idle["parent"], parent_scope="scope_name")
    )
    empty = pl.col("kafka_offset").is_null() & pl.col("message_id").is_null()
    nothing = (
        empty
        & pl.col("kafka_partition").is_not_null()
        & (pl.col("system") == "kafka")
        & pl.col("parent_scope").str.contains(_LIBRARY, literal=True)
    )
    return frame.flag(idle["row"].filter(told.select(nothing.fill_null(value=False)).to_series()))


def ends_of_partition(
    frame: Frame, process: pl.Series, stated: pl.Series, resolved: pl.DataFrame
) -> pl.Series:
    """End-of-partition events that name the next record's position: an unlinked, childless
    process span of confluent-kafka whose record a later one of that service has, which is
    linked or, where nobody continues contexts, has work below. The record was not sent yet:
    one that was, and comes again with its context, was delivered before without it."""
    ends = where(frame.rows[["row", "parent"]], process & is_given(frame["parent"]))
    scope = frame.tell(ends["parent"], parent_scope="scope_name")["parent_scope"]
    rows = ends["row"].filter(scope.str.contains(_LIBRARY, literal=True).fill_null(value=False))
    if rows.is_empty():
        return frame.flag(rows)
    told = frame.tell(
        rows, "row", "service", "consumer_group", "start", "has_children", *RECORD
    ).drop_nulls(RECORD)
    linked = stated[told["row"]]
    sent = resolved.select("row", sent=frame["start"][resolved["target"]])
    later = told.filter(linked | pl.col("has_children")).join(sent, on="row", how="left")
    found = told.filter(~linked & ~pl.col("has_children")).join(
        later, on=["service", "consumer_group", *RECORD], suffix="_read", nulls_equal=True
    )
    before = (pl.col("start") <= pl.col("sent") + SKEW_NANO).fill_null(value=True)
    return frame.flag(found.filter((pl.col("start") < pl.col("start_read")) & before)["row"])
