"""How many message attributes consumers say came to them, and no context among them.

The propagation library records `propagation.received.attributes` of each message of SQS that
carried nothing, on the span or, of a batch, on the message's link (propagation/…/sqs.py).
"""

import polars as pl

from analyzer.frame import PART, Frame
from analyzer.tables import Tables


def count_received(tables: Tables, frame: Frame) -> pl.DataFrame:
    """(row, received_attributes) of the spans that say so. Messages of a batch were asked for
    alike; the fewest that came to one of them speak for all."""
    counts = tables.messaging["received_attributes"]
    if counts.null_count() == len(counts):
        return pl.DataFrame(schema={"row": pl.UInt32, "received_attributes": pl.Int64})
    said = tables.messaging.select(*PART, "received_attributes").drop_nulls()
    rows = frame.rows.select("row", *PART).filter(
        pl.col("span_id").is_in(said["span_id"].unique().implode())
    )
    return said.join(rows, on=PART).group_by("row").agg(pl.col("received_attributes").min())
