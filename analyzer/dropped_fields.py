"""What producers say of fields of the context that found no room in their messages.

The propagation library adds the event `propagation.dropped` to the sending span, with
`propagation.dropped.fields`, the most needed one first (propagation/…/carriers.py).
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.frame import PART, read_table
from storage.schema import SpanBatch

# A trace connects without these, and they are the first to go.
_SPARED = ["baggage", "tracestate"]


def read_dropped(batch: SpanBatch, ends: Ends) -> pl.DataFrame:
    """(unit, contextless): the producers that left fields out, and whether all their
    messages went without the context itself."""
    parts = read_table(batch, "messaging").select(
        *PART, "part", "message_id", "kafka_offset", "dropped_field", "batch_count"
    )
    said = parts.drop_nulls("dropped_field")
    if said.is_empty():
        return pl.DataFrame(schema={"unit": pl.UInt32, "contextless": pl.Boolean})
    rows = ends.frame.rows.select("row", *PART).filter(
        pl.col("span_id").is_in(said["span_id"].unique().implode())
    )
    field = pl.col("dropped_field").str.to_lowercase()
    named = pl.col("message_id").is_not_null() | pl.col("kafka_offset").is_not_null()
    return (
        parts.join(rows, on=PART)
        .join(ends.units, on="row")
        .group_by("unit")
        .agg(
            lost=(~field.is_in(_SPARED)).sum(),
            named=(named & (pl.col("part") == "event")).sum(),
            counted=pl.col("batch_count").max(),
            said=field.is_not_null().any(),
        )
        .filter("said")
        .select("unit", contextless=pl.col("lost") >= pl.max_horizontal("named", "counted", 1))
    )
