"""What producers say of fields of the context that found no room in their messages.

The propagation library adds the event `propagation.dropped` to the sending span, with
`propagation.dropped.fields`, the most needed one first (propagation/…/carriers.py).
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.frame import PART
from analyzer.tables import Tables

# A trace connects without these, and they are the first to go.
_SPARED = ["baggage", "tracestate"]


def read_dropped(tables: Tables, ends: Ends) -> pl.DataFrame:
    """(unit, contextless): the producers that left fields out, and whether all their
    messages went without the context itself."""
    messaging = tables.messaging
    if messaging["dropped_field"].null_count() == messaging.height:
        return pl.DataFrame(schema={"unit": pl.UInt32, "contextless": pl.Boolean})
    said = messaging.drop_nulls("dropped_field")
    rows = ends.frame.rows.select("row", *PART).filter(
        pl.col("span_id").is_in(said["span_id"].unique().implode())
    )
    field = pl.col("dropped_field").str.to_lowercase()
    named = pl.col("message_id").is_not_null() | pl.col("kafka_offset").is_not_null()
    return (
        messaging.join(rows, on=PART)
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
