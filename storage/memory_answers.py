"""What the reference engine tells of the analyzer's answers: pure functions."""

from math import floor
from typing import Literal

import polars as pl
import pyarrow as pa

from storage import paging, results, schema
from storage.contract import ConnectionQuery, EndpointQuery, OrphanQuery, Page, Rows
from storage.memory_frames import SPAN, TRACE, Frames, arrow, page_of
from storage.memory_read import between

_CONSUMER = "consumer_start_time_unix_nano"
_START = "start_time_unix_nano"


def _ends(prefix: str, names: list[str]) -> list[str]:
    return [f"{prefix}_{name}" for name in names]


def _where(frame: pl.DataFrame, **values: str | bool | None) -> pl.DataFrame:
    for column, value in values.items():
        if value is not None:
            frame = frame.filter(pl.col(column) == value)
    return frame


def _is_trace(prefix: str, trace: tuple[int, int]) -> pl.Expr:
    hi, lo = (pl.lit(half, pl.UInt64) for half in trace)
    return (pl.col(f"{prefix}trace_hi") == hi) & (pl.col(f"{prefix}trace_lo") == lo)


def endpoints_of(frame: pl.DataFrame, traces: pl.DataFrame) -> pa.Table:
    return arrow(frame.join(traces, on=TRACE, how="semi"), schema.ENDPOINTS)


def orphans_of(frame: pl.DataFrame, traces: pl.DataFrame, *, hidden: bool) -> pa.Table:
    found = frame.join(traces, on=TRACE, how="semi")
    return arrow(found if hidden else _shown(found), results.ORPHAN_ROWS)


def _shown(orphans: pl.DataFrame) -> pl.DataFrame:
    return orphans.filter(~pl.col("hidden"))


def connections(frame: pl.DataFrame, query: ConnectionQuery, page: Page) -> Rows:
    frame = frame.filter(pl.col("confidence") >= query.min_confidence)
    frame = _where(frame, destination=query.destination, relation=query.relation)
    if query.trace is not None:
        frame = frame.filter(
            _is_trace("consumer_", query.trace) | _is_trace("producer_", query.trace)
        )
    if query.service is not None:
        ends = (pl.col(f"{end}_service_name") for end in ("consumer", "producer"))
        frame = frame.filter(pl.any_horizontal(name == query.service for name in ends))
    frame = between(frame, _CONSUMER, query.start, query.end)
    return page_of(
        frame, schema.CONNECTIONS, page, _CONSUMER, paging.CONNECTION_ORDER, paging.CONNECTION_KEY
    )


def connections_of(
    frame: pl.DataFrame, traces: pl.DataFrame, end: Literal["producer", "consumer", "either"]
) -> pa.Table:
    frame = frame.with_row_index("row")
    ends = ["producer", "consumer"] if end == "either" else [end]
    found = pl.concat(
        frame.join(traces, left_on=_ends(side, TRACE), right_on=TRACE, how="semi") for side in ends
    ).unique("row")
    return arrow(found.sort(_CONSUMER, *paging.CONNECTION_ORDER), schema.CONNECTIONS)


def orphans(frame: pl.DataFrame, query: OrphanQuery, page: Page) -> Rows:
    frame = chosen_orphans(frame, query)
    return page_of(frame, results.ORPHAN_ROWS, page, _START, paging.ORPHAN_ORDER, paging.ORPHAN_KEY)


def chosen_orphans(frame: pl.DataFrame, query: OrphanQuery) -> pl.DataFrame:
    """Those for which every condition of the query holds."""
    frame = _where(
        frame if query.hidden else _shown(frame),
        cause_code=query.cause,
        service_name=query.service,
        destination=query.destination,
        expected=query.expected,
    )
    if query.trace is not None:
        frame = frame.filter(_is_trace("", query.trace))
    if query.settled is not None:
        settled = pl.col("stored_at_unix_nano") < query.settled_before_unix_nano
        frame = frame.filter(settled == query.settled)
    return between(frame, _START, query.start, query.end)


def listed_handovers(frames: Frames) -> pl.DataFrame:
    """What `edges` counts: EDGE_KEY, relation, attempt, dead_letter, wait_nano and the start of
    the consumer."""
    connected = frames["connections"].filter(pl.col("confidence") >= 0.8)
    orphaned = _shown(frames["orphans"]).filter(
        pl.col("producer_span_id").is_null() & ~pl.col("is_send")
    )
    return pl.concat(
        [
            connected.rename(
                {
                    "consumer_environment": "environment",
                    "consumer_service_namespace": "service_namespace",
                    _CONSUMER: _START,
                }
            ).select(*results.EDGE_KEY, "relation", "attempt", "dead_letter", "wait_nano", _START),
            orphaned.rename({"service_name": "consumer_service_name"}).select(
                *results.EDGE_KEY, _START
            ),
        ],
        how="diagonal",
    )


def handover_figures(handovers: pl.DataFrame, key: list[str], **more: pl.Expr) -> pl.DataFrame:
    """Counts and waits by these columns."""
    groups = handovers.group_by(key).agg(
        *((pl.col("relation") == name).sum().alias(name) for name in ("parent", "link", "stitch")),
        count=pl.len(),
        redeliveries=((pl.col("attempt") > 1) & ~pl.col("dead_letter")).sum(),
        dead_letters=pl.col("dead_letter").sum(),
        waits=pl.col("wait_nano").filter(pl.col("attempt").fill_null(1) <= 1).drop_nulls().sort(),
        **more,
    )
    return groups.with_columns(
        pl.Series(f"wait_p{q}_nano", [_quantile(w, q / 100) for w in groups["waits"]], pl.Int64)
        for q in (50, 95, 99)
    )


def edges(frames: Frames) -> pa.Table:
    groups = handover_figures(
        listed_handovers(frames),
        results.EDGE_KEY,
        first_seen_unix_nano=pl.min(_START),
        last_seen_unix_nano=pl.max(_START),
    )
    return largest_first(groups, results.EDGES, results.EDGE_KEY)


def _quantile(ordered: pl.Series, share: float) -> int | None:
    """The smallest wait that at least this share does not exceed."""
    count = len(ordered)
    return int(ordered[max(1, count - floor(count - share * count)) - 1]) if count else None


def endpoint_facts(frame: pl.DataFrame) -> pa.Table:
    groups = frame.group_by(results.ENDPOINT_KEY).agg(
        count=pl.len(),
        first_start_unix_nano=pl.min(_START),
        last_start_unix_nano=pl.max(_START),
        first_kafka_offset=pl.min("kafka_offset"),
        last_kafka_offset=pl.max("kafka_offset"),
    )
    return largest_first(groups, results.ENDPOINT_FACTS, results.ENDPOINT_KEY)


def endpoints(frames: Frames, query: EndpointQuery, limit: int) -> pa.Table:
    frame = _where(
        frames["endpoints"],
        role=query.role,
        environment=query.environment,
        service_namespace=query.service_namespace,
        system=query.system,
        destination=query.destination,
        service_name=query.service_name,
        service_version=query.service_version,
        span_name=query.span_name,
    )
    if query.propagated:
        frame = frame.filter(pl.col("relation").is_in(["parent", "link"]))
    frame = between(frame, _START, query.start, query.end)
    if query.unconnected:
        connected = frames["connections"].filter(pl.col("confidence") >= 0.8)
        for side in ("consumer", "producer"):
            frame = frame.join(connected, left_on=SPAN, right_on=_ends(side, SPAN), how="anti")
    frame = frame.sort(_START, *SPAN, "role", descending=[True, False, False, False, False])
    return arrow(frame.head(limit), schema.ENDPOINTS)


def largest_first(groups: pl.DataFrame, columns: pa.Schema, key: list[str]) -> pa.Table:
    ordered = groups.sort("count", *key, descending=[True] + [False] * len(key))
    return arrow(ordered, columns)
