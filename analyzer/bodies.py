"""Work that begins right after a receive span has ended (cause K4).

Some libraries end their span before the application handles the message (kafka-python,
aiokafka, JavaScript's SQS client, botocore), so that the handling leaves roots of its
own. What such a root continues is known from the process and the clock alone: it is
never connected, only reported.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.roles import CLIENT, CONSUMER, INTERNAL

# Handling follows within milliseconds; a settle call or another message may stand between.
GAP_NANO = 250_000_000
# No further than stores relate the two (storage.contract.SpanStore.related_traces).
WINDOW_NANO = 1_000_000_000


def find_bodies(ends: Ends) -> pl.DataFrame:
    """(row, receive, connected): roots of kind INTERNAL without any messaging below or
    beside them, the receive span whose message they handle, and whether that receive
    span continues a producer's trace.

    The latest receive span of the process decides: after an idle poll nothing is handled,
    and a receive span that has work below it has not ended too early.
    """
    frame = ends.frame
    receives = _receives(ends).sort("ended")
    works = _works(ends).sort("start")
    if receives.is_empty() or works.is_empty():
        return pl.DataFrame(
            schema={"row": pl.UInt32, "receive": pl.UInt32, "connected": pl.Boolean}
        )
    followed = works.join_asof(
        receives,
        left_on="start",
        right_on="ended",
        by="resource_id",
        strategy="backward",
        check_sortedness=False,
    ).filter(pl.col("receive").is_not_null() & (pl.col("start") - pl.col("ended") <= WINDOW_NANO))
    # The handling of one message begins where that of the one before it ends.
    before = pl.max_horizontal(
        "ended", pl.col("work_end").shift(1).over("receive", order_by=["start", "row"])
    )
    near = ((pl.col("start") - before) <= GAP_NANO).cast(pl.Int8)
    return (
        followed.with_columns(
            near.cum_min().over("receive", order_by=["start", "row"]).alias("near")
        )
        .filter((pl.col("near") == 1) & pl.col("filled"))
        .select("row", "receive", "connected")
        .join(frame.select("row"), on="row")
        .sort("row")
    )


def _works(ends: Ends) -> pl.DataFrame:
    taken = pl.concat(
        [
            ends.deliveries.select(row="top"),
            ends.links.select("row"),
        ]
    )
    return (
        ends.frame.filter(
            (pl.col("kind") == INTERNAL)
            & pl.col("parent_span_id").is_null()
            & ~pl.col("marked")
            & pl.col("role").is_null()
        )
        .select("row", "resource_id", "start", "work_end")
        .join(taken, on="row", how="anti")
    )


def _receives(ends: Ends) -> pl.DataFrame:
    """(receive, resource_id, ended, filled, connected), one for each process and instant."""
    tops = ends.frame.select("row", "top")
    stated = ends.stated.select(row="delivery").join(tops, on="row")["top"].unique()
    delivered = ends.deliveries["row"]
    busy = ends.frame.filter(~pl.col("role").is_in(["receive", "settle"]).fill_null(value=False))
    above = busy["local_parent"].drop_nulls().unique()
    api = pl.col("api_receive") & pl.col("message_id").is_not_null()
    counted = (pl.col("batch_count") > 0).fill_null(value=False)
    handled = pl.col("row").is_in(delivered.implode())
    return (
        ends.frame.filter(
            (pl.col("role") == "receive")
            & pl.col("kind").is_in([CLIENT, CONSUMER])
            & pl.col("name").str.to_lowercase().str.contains("receive", literal=True)
        )
        .select(
            pl.col("row").alias("receive"),
            "resource_id",
            pl.col("end").alias("ended"),
            ((handled | api | counted) & ~pl.col("row").is_in(above.implode())).alias("filled"),
            # a batch of which nothing more is known counts as connected
            (pl.col("top").is_in(stated.implode()) | (counted & ~handled)).alias("connected"),
        )
        .sort("resource_id", "ended", "filled", "receive")
        .unique(["resource_id", "ended"], keep="last", maintain_order=True)
    )
