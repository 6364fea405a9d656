"""The same message id on both ends.

SQS, JMS, Celery and MassTransit ids are unique; a short or numeric one may repeat and
needs the same destination too. An EventBridge event id (PutEvents returns it, the target
gets it as `id`) is a message id whatever attribute holds it.
"""

import polars as pl

from analyzer.rules import (
    EVIDENCE,
    NOTHING,
    compared,
    contradicted,
    in_time,
    latest_earlier,
    match_in_portions,
)

UNIQUE, WEAK, EVENT = 0.98, 0.6, 0.97
PLACE = 0.95  # in one topic; another cluster may have the same
# A short id that a single send and a single delivery of one place carry (match_short_ids).
ALONE = 0.8
# Counters begin again, and short ids come back.
WINDOW_NANO = 3_600 * 1_000_000_000
# Where a message stands in its topic or stream: ledger, entry, partition and place in the
# batch (Pulsar's MessageId as text); milliseconds and a number (Redis).
_PLACES = {"pulsar": r"^\d+:\d+(?::-?\d+){1,2}$", "redis": r"^\d{13}-\d+$"}
# Digits alone are a counter or an offset, but for those that no counter reaches: Google
# Pub/Sub numbers messages with sixteen or more, Kinesis with fifty-six.
_COUNTED, _NUMBERED = r"^\d+$", r"^\d{15,}$"


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
    here = (
        _texts(ids)
        .join(
            deliveries.select("row", "system", "destination", "world", "start", "work_end"),
            on="row",
        )
        .rename({"row": "delivery"})
    )
    there = (
        _texts(send_ids)
        .join(here, on="id", how="semi")  # most ids are of nobody who is asked about
        .join(
            sends.select(
                "row",
                send_system="system",
                send_destination="destination",
                send_world="world",
                send_start="start",
            ),
            on="row",
        )
    )
    if there.is_empty():
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
    same_system = (pl.col("system") == pl.col("send_system")).fill_null(value=False)
    numbered = same_system & same_world & pl.col("id").str.contains(_NUMBERED)
    # 8 characters or digits alone: "1", "a", an offset
    unique = numbered | (
        (pl.col("id").str.len_chars() >= 16) & ~pl.col("id").str.contains(_COUNTED)
    )
    named = pl.col("destination").is_not_null() & pl.col("send_destination").is_not_null()
    place = named & pl.any_horizontal(
        (pl.col("system") == system) & pl.col("id").str.contains(pattern)
        for system, pattern in _PLACES.items()
    )
    return (
        pairs.filter(
            in_time()
            & (systems_agree | bridge | topic)
            & (unique | (same_world & same_destination))
        )
        .with_columns(pl.col("send").n_unique().over("delivery", "id").alias("sends"))
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
            .then((WEAK / pl.col("sends")).round(2))
            .when(bridge)
            .then(EVENT)
            .when(numbered)
            .then(PLACE)
            .otherwise(UNIQUE)
            .alias("confidence"),
            compared("messaging.message.id", pl.col("id"), pl.col("id")).alias("evidence"),
        )
        .cast(EVIDENCE)
    )


def match_short_ids(
    found: pl.DataFrame,
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    send_keys: pl.DataFrame,
    keys: pl.DataFrame,
    explained: pl.DataFrame,
) -> pl.DataFrame:
    """EVIDENCE rows for those of the pairs that short ids `found` of which nothing else fits:
    one send and one delivery a consumer group of one named destination carry the id, within
    an hour, neither is taken, and their business ids do not differ. Arguments as for
    correlation ids."""
    if found.is_empty():
        return found
    group = ["send", "service", "consumer_group"]
    ends_ = found.join(
        deliveries.select("service", "consumer_group", "destination", "start", delivery="row"),
        on="delivery",
    ).join(sends.select(send="row", there="destination", send_start="start"), on="send")
    alone = (
        ends_.filter(
            (pl.col("destination") == pl.col("there"))
            & (pl.col("start") - pl.col("send_start") <= WINDOW_NANO)
            & (pl.col("confidence") == WEAK)
            & (pl.col("send").n_unique().over("delivery") == 1)
            & (pl.col("delivery").n_unique().over(group) == 1)
        )
        .join(explained, on=group, how="anti", nulls_equal=True)
        .with_columns(confidence=pl.lit(ALONE))
        .select(list(EVIDENCE))
        .cast(EVIDENCE)
    )
    return alone.join(contradicted(alone, send_keys, keys), on=["delivery", "send"], how="anti")
