"""Which attempt a delivery is at its message.

What was tried again under another destination or id is followed by a journey
(analyzer/attempt_chains.py): that needs more traces than those around one message.
"""

import polars as pl

from storage.cheap_rows import pair, where, with_series


def number_attempts(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `attempt` to hand-overs (delivery, send, `unit` as the producer, …): 1 for the first
    delivery of a message to a service, group and destination.

    Deliveries whose message cannot be told (no id: one send span may stand for many
    messages) count as further attempts only after one that failed.
    """
    same = ["unit", "consumer_service", "consumer_group", "destination", "message"]
    order = ["consumer_start_time_unix_nano", "delivery"]
    failed_before = pl.col("consumer_failed").cast(pl.Int32).cum_sum().shift(1, fill_value=0)
    told = pl.when(pl.col("told_attempt") > 0).then(pl.col("told_attempt")).clip(1, 1_000_000)
    handed = pair(rows["unit"], rows["consumer_service"])
    if handed.n_unique() == rows.height:  # most messages are delivered once
        if rows["told_attempt"].null_count() == rows.height:
            return with_series(
                rows, pl.Series("attempt", [1], pl.Int32).new_from_index(0, rows.height)
            )
        return rows.with_columns(attempt=pl.coalesce(told, 1).cast(pl.Int32))
    several = where(rows, handed.is_duplicated()).with_columns(
        message=pl.coalesce("message_id", pl.col("kafka_offset").cast(pl.String))
    )
    several = several.filter(several.select(same).is_duplicated())
    seen = several.sort(order).select(
        "delivery",
        "send",
        seen=pl.when(pl.col("message").is_not_null())
        .then(pl.int_range(1, pl.len() + 1).over(same))
        .otherwise(failed_before.over(same) + 1),
    )
    return rows.join(seen, on=["delivery", "send"], how="left").with_columns(
        pl.coalesce(told, "seen", 1).cast(pl.Int32).alias("attempt")
    )
