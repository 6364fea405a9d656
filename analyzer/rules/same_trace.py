"""The same trace id, while the named parent never arrived.

A managed hop (X-Ray in EventBridge, API Gateway) rewrites the parent id and keeps the
trace id; a sampled-out or lost span leaves the same picture. The latest fitting send of
the trace is the producer.
"""

from functools import partial

import polars as pl

from analyzer.rules import EVIDENCE, compared, in_time, match_in_portions
from analyzer.structure import follow

SAME_TRACE = 0.98
# The consumer does not say where it read, and the trace sends to several places.
SEVERAL_PLACES = 0.6

# What can invoke a Lambda function that says no more than that a message did.
_INVOKING = ["aws_eventbridge", "aws_sns", "aws_sqs", "aws_kinesis", "kafka"]

# Whoever names more spans of its trace, none of which is stored, may mean any of its sends.
_MOST_NAMED = 128

_HERE = [
    *("trace", "top", "start", "work_end", "system", "destination", "part"),
    *("service", "consumer_group"),
]


def match_same_trace(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    missing: pl.DataFrame,
    explained: pl.DataFrame,
    rows: pl.DataFrame,
) -> pl.DataFrame:
    """EVIDENCE rows for deliveries whose remote parent is missing from their own trace; a link
    to another trace says that the producer is not in this one. `missing` as of `Ends`, `rows`
    of its frame.

    `explained` (send, service, consumer_group): sends that a service and group already has
    the delivery of. Any send whose message arrived is none for a consumer that does not name
    its destination, unless a bus may have several targets: the missing span was the send.
    Where such a trace sends to several places, the latest is a candidate only.
    """
    named = missing.filter("in_own_trace").select("row", "missing_span").unique()
    named = named.filter(pl.len().over("row") <= _MOST_NAMED)
    here = deliveries.join(named.select("row").unique(), on="row").rename({"row": "delivery"})
    origins = follow(rows.select(pl.coalesce("parent", "row")).to_series())
    # Of deliveries alone: a function's root and what it sends may both name the function's
    # own missing segment, which the AWS SDK puts into every message.
    received = named.join(deliveries.select("row"), on="row", how="semi")
    after = received.select("missing_span", origin=origins.gather(received["row"])).unique()
    named = named.rename({"row": "delivery"})
    there = sends.select(
        "trace",
        send="row",
        send_top="top",
        origin=origins.gather(sends["row"]),
        send_system="system",
        send_destination="destination",
        send_start="start",
    )
    match = partial(_match, explained=explained, named=named, after=after)
    return match_in_portions(there, here.select("delivery", *_HERE), ["trace"], match)


def _match(
    there: pl.DataFrame,
    here: pl.DataFrame,
    explained: pl.DataFrame,
    named: pl.DataFrame,
    after: pl.DataFrame,
) -> pl.DataFrame:
    """`named` (delivery, missing_span); `after` (missing_span, origin): the work below an origin
    comes after the missing span, however many hops below."""
    same_place = pl.col("destination") == pl.col("send_destination")
    bus = (pl.col("send_system") == "aws_eventbridge").fill_null(value=False)
    function = pl.col("part").is_in(["invoke", "maybe"])
    arrived = pl.col("send").is_in(explained["send"].implode())
    place = pl.struct("send_system", "send_destination")
    pairs = (
        here.join(there, on="trace")
        .filter(
            in_time()
            & (pl.col("top") != pl.col("send_top"))
            & (pl.col("send_start") <= pl.col("start"))
            & (pl.col("system") == pl.col("send_system")).fill_null(value=True)
            & (same_place.fill_null(value=True) | bus)
            & (same_place.fill_null(value=False) | bus | ~arrived)
            & (~function | pl.col("send_system").is_in(_INVOKING).fill_null(value=True))
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
    pairs = pairs.join(later, on=["delivery", "origin"], how="anti").with_columns(
        (pl.col("destination").is_null() & (place.n_unique().over("delivery") > 1)).alias("several")
    )
    return (
        pairs.sort("delivery", "send_start", "send", descending=[False, True, True])
        .unique("delivery", keep="first", maintain_order=True)
        .select(
            "delivery",
            "send",
            pl.lit("same-trace").alias("rule"),
            pl.when("several").then(SEVERAL_PLACES).otherwise(SAME_TRACE).alias("confidence"),
            compared("trace_id", pl.lit("same"), pl.lit("same")).alias("evidence"),
        )
        .cast(EVIDENCE)
    )
