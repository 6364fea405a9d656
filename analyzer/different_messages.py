"""Pairs that a shared value may join and whose own ids say that they are two messages.

Several messages about one order pass through one topic; where hops of two of them lost
their context, the order names the wrong one. Ids of the messages, told on both ends, tell.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.ids import MessageIds
from storage.cheap_rows import where

_PAIR = ["delivery", "send"]
_RECORD = ["kafka_topic", "kafka_partition", "kafka_offset"]
# A batch that tells more is compared with nothing: it would be with each of another batch.
_MOST_IDS = 16
# Ids in other words mean other things to brokers and libraries, and may differ.
_UUID = r"^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def drop_different_messages(ends: Ends, found: pl.DataFrame, messages: MessageIds) -> pl.DataFrame:
    """`found` (delivery, send, …) without pairs that both name records of one Kafka topic,
    or both messages of one queue by UUIDs, and none in common. Ends that name none may be
    anything."""
    if found.is_empty():
        return found
    place = ["row", "system", "destination"]
    pairs = found.select(_PAIR).unique()
    near_ids = messages.of_deliveries
    ids = where(near_ids, ends.frame.flag(pairs["delivery"])[near_ids["row"]])
    send_ids = messages.of_sends(pairs["send"])
    if send_ids.is_empty() or ids.is_empty():
        return found
    far = ends.sends.select(place).join(send_ids, on="row").rename({"row": "send"})
    near = ends.deliveries.select(place).join(ids, on="row").rename({"row": "delivery"})
    record = pl.concat_str(_RECORD, separator=" ")
    uuid = pl.when(pl.col("message_id").str.contains(_UUID)).then("message_id")
    for same, said, needed in (
        (["kafka_topic"], record, "kafka_offset"),
        (["system", "destination"], uuid, "message_id"),
    ):
        if any(side[needed].null_count() == side.height for side in (near, far)):
            continue
        told = [
            end.select(row, *same, said=said)
            .drop_nulls()
            .unique()
            .filter(pl.len().over(row) <= _MOST_IDS)
            for end, row in ((near, "delivery"), (far, "send"))
        ]
        if any(end.is_empty() for end in told):
            continue
        differing = (
            pairs.join(told[0], on="delivery")
            .join(told[1], on=["send", *same], suffix="_far")
            .group_by(_PAIR)
            .agg((pl.col("said") == pl.col("said_far")).any().alias("agree"))
            .filter(~pl.col("agree"))
        )
        found = found.join(differing, on=_PAIR, how="anti")
    return found
