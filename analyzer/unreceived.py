"""Sends whose message nobody received, although those beside them were received.

Such a break leaves no orphan root: there is no consumer. It is a remark on the edges that
the other messages took. Nothing is said of sends after the last received one, whose
messages may be on their way, nor before the first, when nobody may have listened yet.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from storage.handover_reads import SEND_KIND
from storage.results import EDGE_KEY
from storage.schema import SPAN_IDS

EdgeKey = tuple[str | None, ...]
"""The columns of EDGE_KEY."""

# Of so many sends at least one may be under way longer than others before it.
_FEWEST_PER_HUNDRED = 1
# The share of sends that must be received for the others to be missing: where fewer are,
# filters leave them out, or consumers are not recorded or sampled by themselves.
_ENOUGH = {"aws_sns": 1 / 3, "aws_sqs": 0.5, "kafka": 0.5}
_ENOUGH_ROUTED = 0.9  # of exchanges, buses and the like, which route by content
_EXAMPLES = 20
_CONSUMER = [f"consumer_{name}" for name in SPAN_IDS.names]
# Systems whose consumers read where it was sent; the others may hand on to elsewhere.
_DIRECT = ("kafka", "aws_sqs", "aws_kinesis")


@dataclass(frozen=True, slots=True)
class Unreceived:
    """Of the sends of one kind: `missing` of `sends` were received by nobody, the newest of
    them `example` (trace_hi, trace_lo, span_id)."""

    system: str | None
    destination: str
    sends: int
    missing: int
    example: tuple[int, int, int]
    edges: frozenset[EdgeKey]
    """Which the others took."""
    consumers: tuple[tuple[int, int, int], ...]
    """The newest of those that received the others."""


def find_unreceived(sends: pa.Table, unconnected: pa.Table) -> list[Unreceived]:
    """`sends` as `SpanStore.recent_sends` gives them, `unconnected` deliveries as
    `SpanStore.unconnected_deliveries`. Only where it is more than a few."""
    found = [
        _unreceived(kind, missing, count, whole)
        for kind, missing, count, whole in _examine(sends, unconnected)
        if 100 * count >= _FEWEST_PER_HUNDRED * whole
    ]
    return sorted(found, key=lambda each: (-each.missing, each.destination, each.example))


def list_unreceived(sends: pa.Table, unconnected: pa.Table) -> pl.DataFrame:
    """These sends one by one, however few, the one that has waited longest first: the columns
    of a send, and `last_taken`, when the last message of its kind was received."""
    found = [missing for _, missing, _, _ in _examine(sends, unconnected)]
    told = [*SEND_KIND, *SPAN_IDS.names, "start_time_unix_nano", "end_time_unix_nano", "last_taken"]
    rows = pl.concat(found) if found else _with_period(pl.DataFrame(sends)).clear()
    return rows.select(told).sort("end_time_unix_nano", *SPAN_IDS.names)


def _examine(
    sends: pa.Table, unconnected: pa.Table
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, int, int]]:
    """Of each kind of which some are missing: its sends between the first and the last
    received one, those that nobody received, how many that is at least, of how many."""
    rows = pl.DataFrame(sends)
    # Half of all messages wait no longer than the median.
    due = pl.col("end_time_unix_nano") + pl.max_horizontal("wait", 0) <= pl.col("last_taken")
    received = pl.col("consumer_span_id").is_not_null()
    examined = _with_period(rows).filter(
        pl.col("start_time_unix_nano").is_between("first", "last") & (received | due)
    )
    direct = rows["destination"].unique().implode()
    others = pl.DataFrame(unconnected).with_columns(
        # of a destination that nobody is known to send to, or of none
        aside=~pl.col("destination").is_in(direct).fill_null(value=False)
    )
    for _, kind in examined.group_by(SEND_KIND, maintain_order=True):
        missing = kind.filter(pl.col("consumer_span_id").is_null())
        if missing.is_empty() or _takes_batches(kind):
            continue
        count = missing.height - _count_theirs(others, kind)
        whole = kind.select(SPAN_IDS.names).n_unique()
        if count >= 1 and _enough_received(kind["system"][0], count, whole):
            yield kind, missing, count, whole


def _with_period(rows: pl.DataFrame) -> pl.DataFrame:
    """Sends of kinds that somebody receives, with the `first` and the `last` received one,
    when the last was taken and the usual `wait`."""
    periods = (
        rows.filter(pl.col("consumer_span_id").is_not_null())
        .group_by(SEND_KIND)
        .agg(
            first=pl.min("start_time_unix_nano"),
            last=pl.max("start_time_unix_nano"),
            last_taken=pl.max("consumer_start_time_unix_nano"),
            wait=pl.col("wait_nano").median().fill_null(0),
        )
    )
    return rows.join(periods, on=list(SEND_KIND), nulls_equal=True)


def is_passive_lambda(endpoints: pa.Table, consumers: Collection[tuple[int, int, int]]) -> bool:
    """Whether these consumers, among their ENDPOINTS, are Lambda functions in traces that X-Ray
    began: with passive tracing they are silent where X-Ray did not sample."""
    rows = [
        row
        for row in pl.DataFrame(endpoints).iter_rows(named=True)
        if (row["trace_hi"], row["trace_lo"], row["span_id"]) in set(consumers)
    ]
    return bool(rows) and all(
        "lambda" in (row["scope_name"] or "").lower() and row["epoch_trace"] for row in rows
    )


def _enough_received(system: str | None, missing: int, sends: int) -> bool:
    return sends - missing >= _ENOUGH.get(system or "", _ENOUGH_ROUTED) * sends


def _unreceived(kind: pl.DataFrame, missing: pl.DataFrame, count: int, sends: int) -> Unreceived:
    newest = ["start_time_unix_nano", *SPAN_IDS.names]
    taken = kind.filter(pl.col("consumer_span_id").is_not_null())
    told = taken.sort("consumer_start_time_unix_nano", *_CONSUMER, descending=True)
    key = {name: name for name in EDGE_KEY} | {
        **{name: f"consumer_{name}" for name in ("environment", "service_namespace")},
        **{name: f"consumer_{name}" for name in ("system", "destination", "scope")},
        "producer_service_name": "service_name",
    }
    edges = taken.select(pl.col(column).alias(name) for name, column in key.items()).unique()
    example: Any = missing.sort(newest, descending=True).select(SPAN_IDS.names).row(0)
    return Unreceived(
        system=kind["system"][0],
        destination=kind["destination"][0],
        sends=sends,
        missing=count,
        example=example,
        edges=frozenset(edges.iter_rows()),
        consumers=tuple(told.select(_CONSUMER).head(_EXAMPLES).iter_rows()),
    )


def _takes_batches(kind: pl.DataFrame) -> bool:
    """A span that took several messages may have taken others without their context."""
    consumers = kind.select(_CONSUMER).drop_nulls()
    return consumers.n_unique() < consumers.height


def _count_theirs(others: pl.DataFrame, kind: pl.DataFrame) -> int:
    """How many of these deliveries may be of sends that seem to be received by nobody: all
    where the readers of the others have one, which may stand for many messages."""
    destinations = {kind["destination"][0], *kind["consumer_destination"].drop_nulls()}
    readers = kind["consumer_service_name"].unique().implode()
    here = pl.col("destination").is_in(list(destinations)) | (
        pl.col("destination").is_null() & pl.col("service_name").is_in(readers)
    )
    near = others.filter(
        pl.col("environment").eq_missing(kind["environment"][0])
        & (pl.col("last_start_unix_nano") >= kind["first"][0])
    )
    if not near.filter(here).is_empty():
        return kind.height
    if kind["system"][0] in _DIRECT:
        near = near.filter(pl.col("destination").is_null())
    return int(near.filter("aside")["count"].sum())
