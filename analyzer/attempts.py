"""Which attempt a delivery is at its message.

What was tried again under another destination or id is followed by a journey
(analyzer/attempt_chains.py): that needs more traces than those around one message.
"""

import polars as pl


def number_attempts(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `attempt` to hand-overs (delivery, send, `unit` as the producer, …): 1 for the first
    delivery of a message to a service, group and destination.

    Deliveries whose message cannot be told (no id: one send span may stand for many
    messages) count as further attempts only after one that failed.
    """
    same = ["unit", "consumer_service", "consumer_group", "destination", "message"]
    order = ["consumer_start_time_unix_nano", "delivery"]
    failed_before = pl.col("consumer_failed").cast(pl.Int32).cum_sum().shift(1, fill_value=0)
    # Most messages are delivered once.
    handed = pl.col("unit").cast(pl.UInt64) * 2**32 + pl.col("consumer_service").cast(pl.UInt64)
    several = rows.filter(handed.is_duplicated()).with_columns(
        message=pl.coalesce("message_id", pl.col("kafka_offset").cast(pl.String))
    )
    if not several.is_empty():
        several = several.filter(several.select(same).is_duplicated())
    told = pl.when(pl.col("told_attempt") > 0).then(pl.col("told_attempt"))
    if several.is_empty():
        return rows.with_columns(
            pl.coalesce(told.clip(1, 1_000_000), 1).cast(pl.Int32).alias("attempt")
        )
    seen = several.sort(order).select(
        "delivery",
        "send",
        seen=pl.when(pl.col("message").is_not_null())
        .then(pl.int_range(1, pl.len() + 1).over(same))
        .otherwise(failed_before.over(same) + 1),
    )
    return rows.join(seen, on=["delivery", "send"], how="left").with_columns(
        pl.coalesce(told.clip(1, 1_000_000), "seen", 1).cast(pl.Int32).alias("attempt")
    )
