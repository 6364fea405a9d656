"""From hand-overs to the tables that are kept: endpoints and connections."""

import numpy as np
import polars as pl

from analyzer.attempts import number_attempts
from analyzer.ends import Ends
from analyzer.frame import IDENTITY, SPAN
from analyzer.rules import best_drawn
from analyzer.trace_states import has_epoch_form, read_threshold
from storage.cheap_rows import is_given
from storage.schema import ENDPOINTS

STATUS_ERROR = 2
_ROLES = pl.Series("role", ["send", "process"])
_OF_BEST = {
    "relation": "relation",
    "producer_service_name": "producer_service_name",
    "destination": "known_destination",
    "system": "known_system",
}
_IS_SEND = pl.col("role") == "send"
_SAID = {
    "origin": pl.when(_IS_SEND).then("origin").alias("origin"),
    "operation": pl.when(_IS_SEND).then("operation").alias("operation"),
    "destination": pl.coalesce("destination", "known_destination").alias("destination"),
    "system": pl.coalesce("system", "known_system").alias("system"),
    "error": (pl.col("status_code") == STATUS_ERROR).alias("error"),
    "is_root": pl.col("is_root").is_null().alias("is_root"),
    "epoch_trace": has_epoch_form("trace_hi").alias("epoch_trace"),
}
_NO_THRESHOLDS = pl.DataFrame(schema={"row": pl.UInt32, "sampling_threshold": pl.String})


def connection_rows(ends: Ends, handovers: pl.DataFrame) -> pl.DataFrame:
    """Columns of CONNECTIONS, and the rows (`delivery`, `send`) behind them."""
    frame = ends.frame
    near = frame.tell(
        handovers["delivery"],
        "celery_task",
        "delivery_attempt",
        "status_code",
        "message_id",
        "kafka_offset",
        "dead_letter",
        **{f"consumer_{c}": c for c in [*SPAN, *IDENTITY, "system", "destination", "scope"]},
        consumer_span_name="name",
        consumer_start_time_unix_nano="start",
        consumer_end="end",
        consumer_group="consumer_group",
        consumer_kind_role="role",
        consumer_service="service",
    )
    far = frame.tell(
        handovers["send"],
        **{f"producer_{c}": c for c in [*SPAN, *IDENTITY, "system", "destination", "scope"]},
        producer_span_name="name",
        producer_end="end",
    )
    # A polling receive span ends when its message arrives.
    arrival = (
        pl.when((pl.col("consumer_kind_role") == "receive") & (pl.col("relation") != "parent"))
        .then(pl.col("consumer_end"))
        .otherwise(pl.col("consumer_start_time_unix_nano"))
    )
    places = [
        _first_said(near[f"consumer_{name}"], far[f"producer_{name}"]).alias(name)
        for name in ("system", "destination", "scope")
    ]
    rows = pl.DataFrame([*handovers, *near, *far, ends.producers(handovers["send"]), *places])
    return number_attempts(
        rows.with_columns(
            (arrival - pl.col("producer_end")).alias("wait_nano"),
            pl.concat_str(pl.lit("["), "evidence", pl.lit("]")).alias("evidence"),
            consumer_failed=pl.col("status_code") == STATUS_ERROR,
            told_attempt=pl.when(pl.col("celery_task").is_not_null())
            .then(pl.col("delivery_attempt") + 1)  # celery counts retries, from 0
            .otherwise(pl.col("delivery_attempt")),
        )
    )


def _first_said(one: pl.Series, other: pl.Series) -> pl.Series:
    """What one says, of rows where it says nothing what the other one does."""
    return one.zip_with(is_given(one), other) if one.null_count() else one


def endpoint_rows(ends: Ends, connections: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    """Columns of ENDPOINTS, and `row`; `origins` as analyzer.lost_sends.find_origins."""
    best = _draw(connections)
    # A poll that tells nothing of its messages may be one of several spans of theirs, work
    # after a receive call and a silent Lambda root tell nothing of themselves.
    part, told = ends.deliveries["part"], ends.deliveries["row"]
    silent = (part == "polled") | (part == "body") | (part == "maybe")
    told = told.filter(~silent | ends.frame.flag(best["row"])[told])
    # what a context states and no connection shows is told by another span of the delivery
    shown = ends.frame.flag(connections["delivery"])
    told = told.filter((shown | ~ends.continued)[told])
    sends = ends.sends["row"]
    sends = sends.filter(~ends.frame.flag(told)[sends])
    rows = np.concatenate([sends.to_numpy(), told.to_numpy()])
    order = np.argsort(rows, kind="stable")
    row = pl.Series("row", rows[order])
    return (
        ends.frame.tell(
            row,
            *SPAN,
            *IDENTITY,
            *("service_version", "scope_name", "system", "destination", "scope"),
            *("consumer_group", "dead_letter", "has_children", "status_code"),
            *("scope_version", "sdk_language", "kafka_partition", "kafka_offset"),
            is_root="parent_span_id",
            span_name="name",
            start_time_unix_nano="start",
            end_time_unix_nano="end",
        )
        .hstack([row, _ROLES[(order >= len(sends)).astype(np.uint32)]])
        .hstack(ends.frame.look_up(best, row))
        .hstack(ends.frame.look_up(_thresholds(ends), row))
        .hstack(ends.frame.look_up(origins[["row", "origin", "operation"]], row))
        .select("row", *(_SAID.get(name, pl.col(name)) for name in ENDPOINTS.names))
    )


def _draw(connections: pl.DataFrame) -> pl.DataFrame:
    """(row, relation, producer_service_name, known_destination, known_system) of the best
    connection of each delivery whose producer is drawn."""
    told = ["delivery", "send", "confidence", *_OF_BEST]
    drawn = best_drawn(connections[told])
    return pl.DataFrame(
        [drawn["delivery"].alias("row"), *(drawn[n].alias(alias) for n, alias in _OF_BEST.items())]
    )


def _thresholds(ends: Ends) -> pl.DataFrame:
    """(row, sampling_threshold) of the spans whose tracestate has one."""
    states = ends.frame.states
    if states.is_empty():
        return _NO_THRESHOLDS
    read = read_threshold(pl.col("trace_state"))
    return states.select("row", sampling_threshold=read).drop_nulls()
