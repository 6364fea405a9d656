"""The same conversation id, where exactly one producer and one delivery are left for it.

A conversation id (AMQP's and JMS's correlation id, MassTransit's conversation) is shared by
all messages of an exchange, and the answer carries it back: it tells less than a business
id, and only from one service to another. A chat or session uses one for days: a message of
it that was sent long ago is rather an earlier one, whose delivery left no span.
"""

import polars as pl

from analyzer.rules import EVIDENCE, contradicted
from analyzer.rules.correlation_id import SINGLE, match_correlation_ids

CONVERSATION = "messaging.message.conversation_id"
ALONE, UNNAMED = 0.85, 0.5
_HOUR_NANO = 3_600 * 1_000_000_000
# Between send and delivery: drawn up to here, and listed up to there.
DRAWN_WITHIN_NANO, LISTED_WITHIN_NANO = _HOUR_NANO, 24 * _HOUR_NANO
# Below it a candidate is one of too many to be worth a look.
_LEAST = 0.1


def match_conversation_ids(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    send_keys: pl.DataFrame,
    keys: pl.DataFrame,
    explained: pl.DataFrame,
    missing: pl.DataFrame,
) -> pl.DataFrame:
    """EVIDENCE rows for the deliveries that nothing stronger explained; arguments as for
    correlation ids, keys of every kind. Never between ends that carry different business
    ids, and drawn only where both name their destination and an hour lies between at most."""
    of_talk = pl.col("key") == CONVERSATION
    found = match_correlation_ids(
        sends,
        deliveries,
        send_keys.filter(of_talk),
        keys.filter(of_talk),
        explained,
        missing,
        LISTED_WITHIN_NANO,
    )
    if found.is_empty():
        return found
    near = deliveries.select("service", "destination", "start", delivery="row")
    far = sends.select(
        send="row", send_service="service", send_destination="destination", send_start="start"
    )
    soon = pl.col("start") - pl.col("send_start") <= DRAWN_WITHIN_NANO
    named = pl.col("destination").is_not_null() & pl.col("send_destination").is_not_null()
    alone = pl.col("confidence") == SINGLE
    return (
        found.join(near, on="delivery")
        .join(far, on="send")
        .filter((pl.col("service") != pl.col("send_service")) & (pl.col("confidence") >= _LEAST))
        .join(
            contradicted(found, send_keys.filter(~of_talk), keys.filter(~of_talk)),
            on=["delivery", "send"],
            how="anti",
        )
        .with_columns(
            pl.lit("conversation-id").alias("rule"),
            pl.when(alone & named & soon)
            .then(ALONE)
            .when(alone)
            .then(UNNAMED)
            .otherwise("confidence")
            .alias("confidence"),
        )
        .select(list(EVIDENCE))
        .cast(EVIDENCE)
    )
