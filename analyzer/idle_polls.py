"""Consumer spans of libraries that wait for messages and took none (rule N1)."""

import polars as pl

from analyzer.frame import Frame

# Ruby's Bunny renames the span of a frame that delivers a message.
_WAITING = r"^Bunny::ReaderLoop#run_once$"
# Datadog's has neither topic nor partition where `poll` gave nothing.
_POLLING = r"^kafka\.(?:consume|poll)$"


def idle_polls(frame: Frame, process: pl.Series) -> pl.Series:
    """Boolean by row: process spans without work below that name no message."""
    rows = frame.rows.select("row", "name").filter(
        process & ~frame["has_children"] & frame["name"].str.contains(f"{_WAITING}|{_POLLING}")
    )
    if rows.is_empty():
        return frame.flag(rows["row"])
    told = frame.tell(rows["row"], "destination", "message_id", "kafka_partition", "kafka_offset")
    nothing = told.select(pl.all_horizontal(pl.all().is_null())).to_series()
    return frame.flag(rows["row"].filter(nothing))
