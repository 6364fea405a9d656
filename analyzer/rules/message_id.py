"""The same message id on both ends.

SQS, JMS, Celery and MassTransit ids are unique; a short or numeric one may repeat and
needs the same destination too. An EventBridge event id (PutEvents returns it, the target
gets it as `id`) is a message id whatever attribute holds it.
"""

import polars as pl

from analyzer.rules import EVIDENCE, NOTHING, compared, in_time, latest_earlier, match_in_portions

UNIQUE, WEAK, EVENT = 0.98, 0.6, 0.97
PLACE = 0.95  # in one topic; another cluster may have the same
# Ledger, entry, partition and place in the batch (Pulsar's MessageId as text).
_PULSAR_PLACE = r"^\d+:\d+(?::-?\d+){1,2}$"


def _texts(ids: pl.DataFrame) -> pl.DataFrame:
    """One row an id text: (row, id, is_event)."""
    return pl.concat(
        [
            ids.select("row", id="message_id", is_event=pl.lit(value=False)),
            ids.select("row", id="event_id", is_event=pl.lit(value=True)),
        ]
    ).drop_nulls("id")


def match_message_ids(
    sends: pl.DataFrame, deliveries: pl.DataFrame, send_ids: pl.DataFrame, ids: pl.DataFrame
) -> pl.DataFrame:
    """EVIDENCE rows, for each id of a delivery the nearest earlier producer of it."""
    there = _texts(send_ids).join(
        sends.select(
            "row",
            send_system="system",
            send_destination="destination",
            send_world="world",
            send_start="start",
        ),
        on="row",
    )
    here = (
        _texts(ids)
        .join(
            deliveries.select("row", "system", "destination", "world", "start", "work_end"),
            on="row",
        )
        .rename({"row": "delivery"})
    )
    if there.is_empty() or here.is_empty():
        return NOTHING
    return match_in_portions(there, here, ["id"], _match)


def _match(there: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    pairs = here.join(there.rename({"row": "send", "is_event": "send_is_event"}), on="id")
    same_world = pl.col("world") == pl.col("send_world")
    same_destination = (pl.col("destination") == pl.col("send_destination")).fill_null(value=True)
    # JMS is how Java names whatever broker is behind it.
    by_jms = (pl.col("system") == "jms") | (pl.col("send_system") == "jms")
    systems_agree = ((pl.col("system") == pl.col("send_system")) | by_jms).fill_null(value=True)
    bridge = (pl.col("send_system") == "aws_eventbridge").fill_null(value=False)
    # The topic's message id stands in the body that the queue delivers.
    topic = ((pl.col("send_system") == "aws_sns") & (pl.col("system") == "aws_sqs")).fill_null(
        value=False
    )
    # 8 characters or digits alone: "1", "a", an offset
    unique = (pl.col("id").str.len_chars() >= 16) & ~pl.col("id").str.contains(r"^\d+$")
    named = pl.col("destination").is_not_null() & pl.col("send_destination").is_not_null()
    place = (pl.col("system") == "pulsar") & named & pl.col("id").str.contains(_PULSAR_PLACE)
    return (
        pairs.filter(
            in_time()
            & (systems_agree | bridge | topic)
            & (unique | (same_world & same_destination))
        )
        .sort("delivery", "id", *latest_earlier())
        .unique(["delivery", "id"], keep="first", maintain_order=True)
        .select(
            "delivery",
            "send",
            pl.when(bridge)
            .then(pl.lit("eventbridge-event-id"))
            .otherwise(pl.lit("message-id"))
            .alias("rule"),
            pl.when(~unique & place.fill_null(value=False))
            .then(PLACE)
            .when(~unique)
            .then(WEAK)
            .when(bridge)
            .then(EVENT)
            .otherwise(UNIQUE)
            .alias("confidence"),
            compared("messaging.message.id", pl.col("id"), pl.col("id")).alias("evidence"),
        )
        .cast(EVIDENCE)
    )
