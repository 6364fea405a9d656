"""Work that begins right after a receive span has ended (cause K4).

Some libraries end their span before the application handles the message (kafka-python,
aiokafka, JavaScript's SQS client, botocore), so that the handling leaves roots of its
own. What such a root continues is known from the process and the clock alone: it is
never connected, only reported.
"""

import polars as pl

from analyzer.roles import CLIENT, CONSUMER, INTERNAL

# Handling follows within milliseconds; a settle call or another message may stand between.
GAP_NANO = 250_000_000
# No further than stores relate the two (storage.contract.SpanStore.related_traces).
WINDOW_NANO = 1_000_000_000
_MILLISECOND = 1_000_000


def find_bodies(
    frame: pl.DataFrame, links: pl.DataFrame, deliveries: pl.DataFrame, stated: pl.DataFrame
) -> pl.DataFrame:
    """(row, receive, connected): roots of kind INTERNAL without any messaging below or
    beside them, the receive span whose message they handle, and whether that receive
    span continues a producer's trace.

    The latest receive span of the process decides: after an idle poll nothing is handled,
    and a receive span that has work below it has not ended too early.
    """
    tops = deliveries.select("row").join(frame.select("row", "top"), on="row")["top"]
    receives = _receives(frame, deliveries, stated).sort("ended")
    works = _works(frame, pl.concat([tops, links["row"]])).sort("start")
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
        .sort("row")
    )


def handled_calls(frame: pl.DataFrame, bodies: pl.DataFrame) -> pl.DataFrame:
    """(row, receive, first): the works that stand for deliveries, because their receive
    span brought no context, so that the ids of a message stand on its work alone.
    `first` is the one that the message id of an API call is about: of several messages
    it names the first."""
    return (
        bodies.filter(~pl.col("connected"))
        .join(frame.select("row", "start"), on="row")
        .sort("receive", "start", "row")
        .select("row", "receive", (pl.int_range(pl.len()).over("receive") == 0).alias("first"))
    )


def _works(frame: pl.DataFrame, taken: pl.Series) -> pl.DataFrame:
    return frame.filter(
        (pl.col("kind") == INTERNAL)
        & pl.col("parent_span_id").is_null()
        & ~pl.col("marked")
        & pl.col("role").is_null()
        & ~pl.col("row").is_in(taken.implode())
    ).select(
        "row",
        "resource_id",
        # JavaScript starts spans on whole milliseconds and ends them between
        pl.when(pl.col("start") % _MILLISECOND == 0)
        .then(pl.col("start") + (_MILLISECOND - 1))
        .otherwise("start")
        .alias("start"),
        "work_end",
    )


def _receives(frame: pl.DataFrame, deliveries: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """(receive, resource_id, ended, filled, connected), one for each process and instant."""
    tops = frame.select("row", "top")
    connected = stated.select("row").join(tops, on="row")["top"].unique()
    busy = frame.filter(~pl.col("role").is_in(["receive", "settle"]).fill_null(value=False))
    above = busy["local_parent"].drop_nulls().unique()
    api = pl.col("api_receive") & pl.col("message_id").is_not_null()
    counted = (pl.col("batch_count") > 0).fill_null(value=False)
    handled = pl.col("row").is_in(deliveries["row"].implode())
    return (
        frame.filter(
            (pl.col("role") == "receive")
            & pl.col("kind").is_in([CLIENT, CONSUMER])
            & pl.col("says_receive")
        )
        .select(
            pl.col("row").alias("receive"),
            "resource_id",
            pl.col("end").alias("ended"),
            ((handled | api | counted) & ~pl.col("row").is_in(above.implode())).alias("filled"),
            # a batch of which nothing more is known counts as connected
            (pl.col("top").is_in(connected.implode()) | (counted & ~handled)).alias("connected"),
        )
        .sort("resource_id", "ended", "filled", "receive")
        .unique(["resource_id", "ended"], keep="last", maintain_order=True)
    )
