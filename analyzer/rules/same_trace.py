"""The same trace id, while the named parent never arrived.

A managed hop (X-Ray in EventBridge, API Gateway) rewrites the parent id and keeps the
trace id; a sampled-out or lost span leaves the same picture. The only fitting send of the
trace is the producer; of several, whichever came last, nothing but a business id tells
which.
"""

from collections.abc import Callable
from functools import partial

import polars as pl

from analyzer.bridges import INVOKES
from analyzer.rules import EVIDENCE, NOTHING, compared, in_time, match_in_portions
from analyzer.rules.correlation_id import LEAST, SHARED, SINGLE, same_event
from analyzer.structure import follow

ONLY = 0.98

# What invokes a function that does not even say that a message did: a queue's or stream's
# events would.
_UNSAID = ["aws_eventbridge", "aws_sns"]

# Whoever names more spans of its trace, none of which is stored, may mean any of its sends.
_MOST_NAMED = 128

_NO_WORK = pl.DataFrame(
    schema={
        "delivery": pl.UInt32,
        "send": pl.UInt32,
        "agree": pl.Boolean,
        "key": pl.String,
        "value": pl.String,
    }
)

_HERE = [
    *("trace", "top", "start", "work_end", "system", "destination", "part"),
    *("service", "consumer_group", "event_source", "event_detail_type"),
]


def match_same_trace(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    missing: pl.DataFrame,
    tell_explained: Callable[[], pl.DataFrame],
    rows: pl.DataFrame,
    read_keys: Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]],
) -> pl.DataFrame:
    """EVIDENCE rows for deliveries whose remote parent is missing from their own trace; a link
    to another trace says that the producer is not in this one. `missing` as of `Ends`, `rows`
    of its frame; `read_keys` tells the business ids of sends and of some deliveries
    (`read_correlation`), and is asked only where several sends fit.

    `tell_explained` gives (send, service, consumer_group, destination): sends that a service and
    group already has the delivery of. Any send whose message arrived is none for a consumer that
    does not name its destination, unless a bus may have several targets: the missing span was
    the send.
    Several sends that fit are candidates only, whatever the clocks say of their order,
    unless one alone names the delivery's business id on its own span.
    """
    named = missing.filter("in_own_trace").select("row", "missing_span").unique()
    named = named.filter(pl.len().over("row") <= _MOST_NAMED)
    here = deliveries.join(named.select("row").unique(), on="row").rename({"row": "delivery"})
    if here.is_empty():
        return NOTHING
    origins = follow(rows.select(pl.coalesce("parent", "row")).to_series())
    # Of deliveries alone: a function's root and what it sends may both name the function's
    # own missing segment, which the AWS SDK puts into every message.
    received = named.join(deliveries.select("row"), on="row", how="semi")
    after = received.select("missing_span", origin=origins[received["row"]]).unique()
    named = named.rename({"row": "delivery"})
    there = sends.select(
        "trace",
        send="row",
        send_top="top",
        origin=origins[sends["row"]],
        send_service="service",
        send_system="system",
        send_destination="destination",
        send_start="start",
        send_source="event_source",
        send_detail_type="event_detail_type",
    )
    fit = partial(_fit, explained=tell_explained(), named=named, after=after)
    pairs = match_in_portions(there, here.select("delivery", *_HERE), ["trace"], fit)
    fitting = pl.len().over("delivery")
    several = pairs.filter(fitting > 1)
    work = _compare_work(several, read_keys) if not several.is_empty() else _NO_WORK
    pairs = pairs.join(work.filter(~pl.col("agree")), on=["delivery", "send"], how="anti")
    pairs = pairs.join(work.filter("agree"), on=["delivery", "send"], how="left")
    told = pl.col("key").is_not_null()
    same = compared("trace_id", pl.lit("same"), pl.lit("same"))
    worked = compared(pl.col("key"), pl.col("value"), pl.col("value"))
    return (
        pairs.with_columns(
            pl.when(fitting > 1)
            .then((SHARED / fitting).round(2))
            .when(told)
            .then(SINGLE)
            .otherwise(ONLY)
            .alias("confidence"),
            pl.when(told)
            .then(pl.concat_str(same, worked, separator=","))
            .otherwise(same)
            .alias("evidence"),
        )
        # a send that follows is what the delivery may have led to
        .filter(~pl.col("follows"))
        .select("delivery", "send", pl.lit("same-trace").alias("rule"), "confidence", "evidence")
        .cast(EVIDENCE)
    )


def _compare_work(
    pairs: pl.DataFrame,
    read_keys: Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]],
) -> pl.DataFrame:
    """(delivery, send, agree, key, value) of pairs that both name units of work, of
    deliveries whose unit some send names: whether it is this one. What a send inherits from
    an ancestor may be another's (an outbox that a later request flushes)."""
    send_keys, keys = read_keys(pairs.select(row="delivery").unique())
    own = send_keys.filter(pl.col("near") == 0)
    equal = pl.col("value") == pl.col("send_value")
    return (
        pairs.select("delivery", "send")
        .join(keys.select("key", "value", delivery="row"), on="delivery")
        .join(own.select("key", send="row", send_value="value"), on=["send", "key"])
        .group_by("delivery", "send", "key")
        .agg(equal.any().alias("agree"), pl.col("value").filter(equal).min())
        .filter(pl.col("agree").any().over("delivery", "key"))
        .sort("delivery", "send", "agree", "key")
        .unique(["delivery", "send"], keep="first", maintain_order=True)
        .select(list(_NO_WORK.columns))
    )


def _fit(
    there: pl.DataFrame,
    here: pl.DataFrame,
    explained: pl.DataFrame,
    named: pl.DataFrame,
    after: pl.DataFrame,
) -> pl.DataFrame:
    """(delivery, send, follows) of sends that fit, and whether they began after the delivery.
    `named` (delivery, missing_span); `after` (missing_span, origin): the work below an origin
    comes after the missing span, however many hops below."""
    same_place = pl.col("destination") == pl.col("send_destination")
    bus = (pl.col("send_system") == "aws_eventbridge").fill_null(value=False)
    function, silent = pl.col("part") == "invoke", pl.col("part") == "maybe"
    # attempts of one function stand in one trace, and an earlier one may have sent
    others = pl.col("service") != pl.col("send_service")
    arrived = pl.col("send").is_in(explained["send"].implode())
    pairs = (
        here.join(there, on="trace")
        .pipe(in_time)
        .filter(
            (pl.col("top") != pl.col("send_top"))
            & (pl.col("system") == pl.col("send_system")).fill_null(value=True)
            & (same_place.fill_null(value=True) | bus)
            & (same_event() | ~bus)
            & (same_place.fill_null(value=False) | bus | ~arrived)
            & (~function | pl.col("send_system").is_in(INVOKES).fill_null(value=True))
            & (~silent | (others & pl.col("send_system").is_in(_UNSAID)).fill_null(value=False))
        )
        .join(explained, on=["send", "service", "consumer_group"], how="anti", nulls_equal=True)
    )
    later = (
        pairs.select("delivery", "origin")
        .unique()
        .join(after.select("origin").unique(), on="origin", how="semi")
        .join(named, on="delivery")
        .join(after, on=["missing_span", "origin"], how="semi")
    )
    return (
        pairs.join(later, on=["delivery", "origin"], how="anti")
        .filter(pl.len().over("delivery") <= SHARED / LEAST)
        .select("delivery", "send", follows=pl.col("send_start") > pl.col("start"))
    )
