"""The same trace id, while the named parent never arrived.

A managed hop (X-Ray in EventBridge, API Gateway) rewrites the parent id and keeps the
trace id; a sampled-out or lost span leaves the same picture. The latest fitting send of
the trace is the producer.
"""

import polars as pl

from analyzer.rules import EVIDENCE, compared, in_time, selective

SAME_TRACE = 0.98


def match_same_trace(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    missing: pl.DataFrame,
    explained: pl.DataFrame,
) -> pl.DataFrame:
    """EVIDENCE rows for deliveries whose remote parent is missing from their own trace.

    `explained` (send, service, consumer_group): sends that a service and group already has
    the delivery of. Any send whose message arrived is none for a consumer that does not name
    its destination, unless a bus may have several targets: the missing span was the send.
    """
    here = deliveries.join(missing.select("row").unique(), on="row").rename({"row": "delivery"})
    there = sends.select(
        "trace",
        send="row",
        send_top="top",
        send_system="system",
        send_destination="destination",
        send_start="start",
    )
    there, here = selective(there, here, ["trace"])
    pairs = here.join(there, on="trace").filter(
        in_time()
        & (pl.col("top") != pl.col("send_top"))
        & (pl.col("send_start") <= pl.col("start"))
        & (pl.col("system") == pl.col("send_system")).fill_null(value=True)
        & (
            (pl.col("destination") == pl.col("send_destination")).fill_null(value=True)
            | (pl.col("send_system") == "aws_eventbridge")
        )
        & (
            (pl.col("destination") == pl.col("send_destination")).fill_null(value=False)
            | (pl.col("send_system") == "aws_eventbridge").fill_null(value=False)
            | ~pl.col("send").is_in(explained["send"].implode())
        )
    )
    return (
        pairs.join(
            explained, on=["send", "service", "consumer_group"], how="anti", nulls_equal=True
        )
        .sort("delivery", "send_start", "send", descending=[False, True, True])
        .unique("delivery", keep="first", maintain_order=True)
        .select(
            "delivery",
            "send",
            pl.lit("same-trace").alias("rule"),
            pl.lit(SAME_TRACE).alias("confidence"),
            compared("trace_id", pl.lit("same"), pl.lit("same")).alias("evidence"),
        )
        .cast(EVIDENCE)
    )
