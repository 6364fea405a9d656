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
    of_ends,
    possibly,
    surely,
)
from storage.cheap_rows import stack, where, with_series

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
_COUNTED, _NO_COUNTER = r"^\d+$", 15
# Eight characters or digits alone are "1", "a", an offset: shorter ids may come back.
_SHORTEST = 16

_BY_EVENT, _BY_MESSAGE = pl.Series(["eventbridge-event-id"]), pl.Series(["message-id"])
_PLACED, _OPEN = pl.Series([PLACE]), pl.Series([None], dtype=pl.Float64)
_COMPARED = compared("messaging.message.id", pl.col("id"), pl.col("id"))
_TEXTS = ["message_id", "event_id"]
_NO_TEXTS = pl.DataFrame(schema={"row": pl.UInt32, "id": pl.String})


def _texts(ids: pl.DataFrame) -> pl.DataFrame:
    """One row an id text: (row, id)."""
    texts = [pl.DataFrame([ids["row"], ids[name].alias("id")]) for name in _TEXTS]
    given = [each for each in texts if each["id"].null_count() < each.height]
    return stack([_NO_TEXTS, *map(_without_nulls, given)])


def _without_nulls(texts: pl.DataFrame) -> pl.DataFrame:
    return where(texts, texts["id"].is_not_null()) if texts["id"].null_count() else texts


def match_message_ids(
    sends: pl.DataFrame, deliveries: pl.DataFrame, send_ids: pl.DataFrame, ids: pl.DataFrame
) -> pl.DataFrame:
    """EVIDENCE rows, for each id of a delivery the nearest earlier producer of it."""
    place = ["system", "destination", "world"]
    here = of_ends("delivery", _texts(ids), deliveries, *place, "start", "work_end")
    sent = {f"send_{name}": name for name in (*place, "start")}
    there = of_ends("send", _texts(send_ids), sends, **sent)
    if here.is_empty() or there.is_empty():
        return NOTHING
    return match_in_portions(there, here, ["id"], _match)


def _match(there: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    pairs = _judge(in_time(here.join(there, on="id")))
    if pairs["delivery"].n_unique() < pairs.height:
        sends = pl.col("send").n_unique().over("delivery", "id")
        pairs = (
            pairs.with_columns(pl.col("confidence").fill_null((WEAK / sends).round(2)))
            .sort("delivery", "id", *latest_earlier())
            .unique(["delivery", "id"], keep="first", maintain_order=True)
        )
    confidence = pairs["confidence"]
    bridge = surely(pairs["send_system"] == "aws_eventbridge")
    told = with_series(
        pairs,
        rule=_BY_EVENT.zip_with(bridge, _BY_MESSAGE),
        confidence=confidence.fill_null(WEAK) if confidence.null_count() else confidence,
        evidence=pairs.select(_COMPARED).to_series(),
    )
    return told[list(EVIDENCE)]


def _judge(pairs: pl.DataFrame) -> pl.DataFrame:
    """Those that may be of one message, with their `confidence`: null where it depends on how
    many they are, as of short ids."""
    texts, system, send_system = pairs["id"], pairs["system"], pairs["send_system"]
    same_world = pairs["world"] == pairs["send_world"]
    same_destination = possibly(pairs["destination"] == pairs["send_destination"])
    same_system = system == send_system
    # JMS is how Java names whatever broker is behind it.
    systems_agree = possibly(same_system | (system == "jms") | (send_system == "jms"))
    bridge = surely(send_system == "aws_eventbridge")
    # The topic's message id stands in the body that the queue delivers.
    topic = surely((send_system == "aws_sns") & (system == "aws_sqs"))
    counted, length = texts.str.contains(_COUNTED), texts.str.len_chars()
    numbered = surely(same_system) & same_world & counted & (length >= _NO_COUNTER)
    unique = numbered | ((length >= _SHORTEST) & ~counted)
    confidence = _PLACED.zip_with(numbered, pl.Series([UNIQUE]))
    confidence = pl.Series([EVENT]).zip_with(bridge, confidence)
    if not unique.all():
        confidence = confidence.zip_with(unique, _PLACED.zip_with(_say_places(pairs), _OPEN))
    may_be = (systems_agree | bridge | topic) & (unique | (same_world & same_destination))
    return where(with_series(pairs, confidence=confidence), may_be)


def _say_places(pairs: pl.DataFrame) -> pl.Series:
    """Boolean by row: the id is a place in a topic or stream that both ends name."""
    named = pairs["destination"].is_not_null() & pairs["send_destination"].is_not_null()
    says = pl.Series([False]).new_from_index(0, pairs.height)
    for system, pattern in _PLACES.items():
        says |= surely(pairs["system"] == system) & pairs["id"].str.contains(pattern)
    return named & says


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
