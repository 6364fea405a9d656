"""The same sequence number of one queue on both ends.

A FIFO queue numbers its messages: SQS tells the producer in the answer to SendMessage and
the consumer among the message's attributes. Nobody else's number in that queue is the same.
"""

import polars as pl

from analyzer.rules import (
    EVIDENCE,
    NOTHING,
    compared,
    in_time,
    latest_earlier,
    match_in_portions,
    of_ends,
)
from analyzer.rules.correlation_id import scopes_agree

UNIQUE = 0.97

_NUMBER = ["world", "system", "destination", "sequence_number"]


def match_sequence_numbers(
    sends: pl.DataFrame, deliveries: pl.DataFrame, send_ids: pl.DataFrame, ids: pl.DataFrame
) -> pl.DataFrame:
    """EVIDENCE rows, for each number of a delivery the nearest earlier producer of it to
    the same queue. Never across environments, namespaces, accounts or regions."""
    queue = ["world", "system", "destination", "scope"]
    here, there = (side[["row", "sequence_number"]].drop_nulls() for side in (ids, send_ids))
    here = of_ends("delivery", here, deliveries, *queue, "start", "work_end")
    there = of_ends("send", there, sends, *queue, send_start="start")
    if there.is_empty() or here.is_empty():
        return NOTHING
    return match_in_portions(there, here, _NUMBER, _match)


def _match(there: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("sequence_number")
    return (
        here.join(there.rename({"scope": "send_scope"}), on=_NUMBER)
        .pipe(in_time)
        .filter(scopes_agree(pl.col("scope"), pl.col("send_scope")))
        .sort("delivery", "sequence_number", *latest_earlier())
        .unique(["delivery", "sequence_number"], keep="first", maintain_order=True)
        .select(
            "delivery",
            "send",
            pl.lit("sequence-number").alias("rule"),
            pl.lit(UNIQUE).alias("confidence"),
            compared("aws.sqs.sequence_number", number, number).alias("evidence"),
        )
        .cast(EVIDENCE)
    )
