"""One entry for a message and a consumer: the process span stands for the receive span."""

import polars as pl

from analyzer.ends import Ends


def leave_out_doubles(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """`found` (delivery, send, …) without receive spans of a message that the same consumer
    has a process span of, or a span of the application's own that continues the same producer
    (some libraries end theirs before the message is handled)."""
    parts = ends.deliveries.select("part", "consumer_group", delivery="row", consumer="service")
    received = parts.filter(pl.col("part") == "receive")
    if received.is_empty():
        return found
    told = found.with_columns(ends.producers(found["send"]))
    handled = (
        told.join(parts.filter(pl.col("part").is_in(["process", "stated"])), on="delivery")
        .select("unit", "consumer", group="consumer_group")
        .unique()
    )
    same_group = (pl.col("consumer_group") == pl.col("group")).fill_null(value=True)
    doubles = (
        told.join(received, on="delivery")
        .join(handled, on=["unit", "consumer"])
        .filter(same_group)
        .select("delivery", "send")
    )
    return found.join(doubles, on=["delivery", "send"], how="anti")
