"""Consumer spans that wait for messages and took none (rule N1)."""

import polars as pl

from analyzer.frame import Frame


def idle_polls(frame: Frame, process: pl.Series) -> pl.Series:
    """Boolean by row: process spans without work below that name no message."""
    waits = frame.meanings["waits"]
    rows = frame["row"].clear()
    if waits.any():
        rows = frame["row"].filter(process & ~frame["has_children"] & waits[frame["meaning"]])
    if rows.is_empty():
        return frame.flag(rows)
    told = frame.tell(rows, "destination", "message_id", "kafka_partition", "kafka_offset")
    nothing = told.select(pl.all_horizontal(pl.all().is_null())).to_series()
    return frame.flag(rows.filter(nothing))


def polling_loops(frame: Frame, process: pl.Series) -> pl.Series:
    """Boolean by row: process spans around a receive span that handle no message themselves:
    an application's own span around its loop, called "consume orders" or "order-consumer". It
    names no message, and below it are process spans, or nothing but the receive span and what
    settles, of which no message is known that has no process span of its own."""
    # a receive span is no process span: above it is another, or none
    rows = frame["row"].filter(frame.is_role("receive") & process[frame["above"]])
    if rows.is_empty():
        return frame.flag(rows)
    loops = frame["above"][rows].unique().sort()
    own = frame.tell(loops, "message_id", "kafka_offset", "event_id")
    loops = loops.filter(own.select(pl.all_horizontal(pl.all().is_null())).to_series())
    below = frame.rows.select("role", "local_parent").filter(
        pl.col("local_parent").is_in(loops.implode())
    )
    handles = frame.flag(below.filter(pl.col("role") == "process")["local_parent"])
    calls = pl.col("role").is_in(["receive", "settle"]).fill_null(value=False)
    works = frame.flag(below.filter(~calls)["local_parent"])
    took = frame.tell(rows, "service", "message_id", loop="local_parent").drop_nulls()
    told = frame.tell(frame["row"].filter(process), "service", "message_id").drop_nulls()
    alone = took.join(told, on=["service", "message_id"], how="anti")
    found = handles | ~(works | frame.flag(alone["loop"]))
    return frame.flag(loops.filter(found[loops]))
