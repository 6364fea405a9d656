"""Work that begins right after a receive span has ended (cause K4).

Some libraries end their span before the application handles the message (kafka-python,
aiokafka, JavaScript's SQS client, botocore), so that the handling leaves roots of its
own. What such a root continues is known from the process and the clock alone: it is
never connected, only reported.
"""

import polars as pl

from analyzer.frame import Frame
from analyzer.hot_keys import Hot, leave_out_works
from analyzer.roles import CLIENT, CONSUMER, INTERNAL
from storage.cheap_rows import is_given, where

# Handling follows within milliseconds; a settle call or another message may stand between.
GAP_NANO = 250_000_000
# No further than stores relate the two (storage.contract.SpanStore.related_traces).
WINDOW_NANO = 1_000_000_000
_MILLISECOND = 1_000_000
_NOTHING = pl.DataFrame(
    schema={"row": pl.UInt32, "receive": pl.UInt32, "connected": pl.Boolean, "sure": pl.Boolean}
)
# Scopes whose receive calls name the message they took; others never say whether they took one.
_NAMING = "botocore"


def find_bodies(
    frame: Frame,
    links: pl.DataFrame,
    deliveries: pl.DataFrame,
    stated: pl.DataFrame,
    hot: Hot = frozenset(),
) -> pl.DataFrame:
    """(row, receive, connected, sure): roots of kind INTERNAL without any messaging below or
    beside them, the receive span whose message they handle, whether that receive span
    continues a producer's trace, and whether it is known to have taken a message: calls of
    most AWS SDKs look the same after an idle poll.

    The latest receive span of the process decides: after an idle poll nothing is handled,
    and a receive span that has work below it has not ended too early.
    """
    works = leave_out_works(_works(frame, links, deliveries), frame, hot)
    if works.is_empty() or not frame.is_role("receive").any():
        return _NOTHING
    # JavaScript starts spans on whole milliseconds and ends them between
    whole = pl.col("start") % _MILLISECOND == 0
    works = works.with_columns(pl.col("start") + pl.when(whole).then(_MILLISECOND - 1).otherwise(0))
    receives = _receives(frame, deliveries, stated)
    if receives.is_empty():
        return _NOTHING
    followed = (
        works.sort("start")
        .join_asof(
            receives.sort("ended"),
            left_on="start",
            right_on="ended",
            by="resource",
            strategy="backward",
            check_sortedness=False,
        )
        .filter(
            pl.col("receive").is_not_null() & (pl.col("start") - pl.col("ended") <= WINDOW_NANO)
        )
    )
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
        .select("row", "receive", "connected", "sure")
        .sort("row")
    )


def handled_calls(frame: Frame, bodies: pl.DataFrame) -> pl.DataFrame:
    """(row, receive, first): the works that stand for deliveries, because their receive
    span brought no context, so that the ids of a message stand on its work alone.
    `first` is the one that the message id of an API call is about: of several messages
    it names the first."""
    return (
        bodies.filter(~pl.col("connected"))
        .with_columns(pl.lit(frame["start"]).gather(pl.col("row")).alias("start"))
        .sort("receive", "start", "row")
        .select("row", "receive", (pl.int_range(pl.len()).over("receive") == 0).alias("first"))
    )


def _works(frame: Frame, links: pl.DataFrame, deliveries: pl.DataFrame) -> pl.DataFrame:
    free = (
        (frame["kind"] == INTERNAL)
        & ~is_given(frame["parent_span_id"])
        & ~frame["marked"]
        & frame.is_role(None)
        & ~(frame.flag(frame["top"][deliveries["row"]]) | frame.flag(links["row"]))
    )
    return where(frame.rows[["row", "resource", "start", "work_end"]], free)


def _receives(frame: Frame, deliveries: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """(receive, resource, ended, filled, connected), one for each process and instant."""
    kind = frame["kind"]
    rows = frame["row"].filter(frame.is_role("receive") & ((kind == CLIENT) | (kind == CONSUMER)))
    connected = frame.flag(frame["top"][stated["row"]])
    other = frame.is_role("receive") | frame.is_role("settle")
    above = frame.flag(frame["local_parent"].filter(~other))
    handled = frame.flag(deliveries["row"])
    api = pl.col("api_receive") & pl.col("message_id").is_not_null()
    counted = (pl.col("batch_count") > 0).fill_null(value=False)
    silent = (
        pl.col("api_receive")
        & ~pl.col("scope_name").str.contains(_NAMING)
        & pl.col("message_id").is_null()
        & pl.col("batch_count").is_null()
    )
    sure = pl.col("handled") | api | counted
    return (
        frame.tell(
            rows,
            *("says_receive", "api_receive", "message_id", "batch_count", "resource", "top"),
            "scope_name",
            receive="row",
            ended="end",
        )
        .with_columns(above=above[rows], handled=handled[rows])
        .filter("says_receive")
        .select(
            "receive",
            "resource",
            "ended",
            ((sure | silent) & ~pl.col("above")).alias("filled"),
            sure.alias("sure"),
            # a batch of which nothing more is known counts as connected
            (pl.lit(connected).gather(pl.col("top")) | (counted & ~pl.col("handled"))).alias(
                "connected"
            ),
        )
        .sort("resource", "ended", "filled", "receive")
        .unique(["resource", "ended"], keep="last", maintain_order=True)
    )
