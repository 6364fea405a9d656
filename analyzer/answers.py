"""From hand-overs to the tables that are kept: endpoints and connections."""

import polars as pl

from analyzer.attempts import number_attempts
from analyzer.ends import Ends
from analyzer.frame import IDENTITY, SPAN
from analyzer.rules import DRAWN
from analyzer.trace_states import has_epoch_form, read_threshold
from storage.schema import ENDPOINTS

STATUS_ERROR = 2


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
    rows = pl.concat([handovers, near, far], how="horizontal").with_columns(
        ends.producers(handovers["send"]),
        consumer_failed=pl.col("status_code") == STATUS_ERROR,
        told_attempt=pl.when(pl.col("celery_task").is_not_null())
        .then(pl.col("delivery_attempt") + 1)  # celery counts retries, from 0
        .otherwise(pl.col("delivery_attempt")),
    )
    # A polling receive span ends when its message arrives.
    arrival = (
        pl.when((pl.col("consumer_kind_role") == "receive") & (pl.col("relation") != "parent"))
        .then(pl.col("consumer_end"))
        .otherwise(pl.col("consumer_start_time_unix_nano"))
    )
    rows = rows.with_columns(
        pl.coalesce("consumer_system", "producer_system").alias("system"),
        pl.coalesce("consumer_destination", "producer_destination").alias("destination"),
        pl.coalesce("consumer_scope", "producer_scope").alias("scope"),
        (arrival - pl.col("producer_end")).alias("wait_nano"),
        pl.concat_str(pl.lit("["), "evidence", pl.lit("]")).alias("evidence"),
    )
    return number_attempts(rows)


def endpoint_rows(ends: Ends, connections: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    """Columns of ENDPOINTS, and `row`; `origins` as analyzer.lost_sends.find_origins."""
    drawn = connections.select(
        "delivery",
        "send",
        "confidence",
        "relation",
        "producer_service_name",
        known_destination="destination",
        known_system="system",
    ).filter(pl.col("confidence") >= DRAWN)
    if drawn["delivery"].n_unique() < drawn.height:
        drawn = drawn.sort(
            "delivery", "confidence", "send", descending=[False, True, False]
        ).unique("delivery", keep="first", maintain_order=True)
    best = drawn.select(
        pl.col("delivery").alias("row"), pl.exclude("delivery", "send", "confidence")
    )
    # A poll that tells nothing of its messages may be one of several spans of theirs, work
    # after a receive call and a silent Lambda root tell nothing of themselves.
    silent = ends.deliveries["part"].is_in(["polled", "body", "maybe"])
    told = ends.deliveries["row"]
    told = told.filter(~silent | ends.frame.flag(best["row"])[told])
    # what a context states and no connection shows is told by another span of the delivery
    shown = ends.frame.flag(connections["delivery"])
    told = told.filter((shown | ~ends.continued)[told])
    rows = pl.concat(
        [
            ends.sends.filter(~ends.frame.flag(told)[ends.sends["row"]]).select(
                "row", role=pl.lit("send")
            ),
            told.to_frame().select("row", role=pl.lit("process")),
        ]
    ).sort("row")
    return (
        rows.hstack(
            ends.frame.tell(
                rows["row"],
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
        )
        .hstack(ends.frame.look_up(best, rows["row"]))
        .hstack(ends.frame.look_up(_thresholds(ends), rows["row"]))
        .hstack(ends.frame.look_up(origins.drop("beside"), rows["row"]))
        .with_columns(
            *(
                pl.when(pl.col("role") == "send").then(name).alias(name)
                for name in ("origin", "operation")
            ),
            pl.coalesce("destination", "known_destination").alias("destination"),
            pl.coalesce("system", "known_system").alias("system"),
            error=pl.col("status_code") == STATUS_ERROR,
            is_root=pl.col("is_root").is_null(),
            epoch_trace=has_epoch_form("trace_hi"),
        )
        .select("row", *ENDPOINTS.names)
    )


def _thresholds(ends: Ends) -> pl.DataFrame:
    """(row, sampling_threshold) of the spans whose tracestate has one."""
    read = read_threshold(pl.col("trace_state"))
    return ends.frame.states.select("row", sampling_threshold=read).drop_nulls()
