"""How many message attributes consumers say came to them, and no context among them.

The propagation library records `propagation.received.attributes` of each message of SQS that
carried nothing, on the span or, of a batch, on the message's link (propagation/…/sqs.py).
"""

import polars as pl

from analyzer.frame import PART, Frame, read_table
from storage.schema import SpanBatch


def count_received(batch: SpanBatch, frame: Frame) -> pl.DataFrame:
    """(row, received_attributes) of the spans that say so. Messages of a batch were asked for
    alike; the fewest that came to one of them speak for all."""
    said = read_table(batch, "messaging").select(*PART, "received_attributes").drop_nulls()
    if said.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "received_attributes": pl.Int64})
    rows = frame.rows.select("row", *PART).filter(
        pl.col("span_id").is_in(said["span_id"].unique().implode())
    )
    return said.join(rows, on=PART).group_by("row").agg(pl.col("received_attributes").min())
