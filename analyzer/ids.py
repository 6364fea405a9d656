"""Where the ids of a message are read: on the end point, else near it.

A message's id stands on the span of either end, on a link (batch receives, Lambda), on
an event, on a `receive` span above or on the application's own span below.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.frame import PART, read_table
from analyzer.names import normalise
from analyzer.structure import nearest, nearest_above
from storage.schema import SpanBatch

_IDS = [
    "message_id",
    "event_id",
    "kafka_topic",
    "kafka_partition",
    "kafka_offset",
    "kafka_cluster",
]
# Keys that many units of work share: they do not tell one hand-over from another.
SHARED_KEYS = ["workflow.id", "messaging.message.conversation_id"]


def _on_parts(batch: SpanBatch, ends: Ends) -> pl.DataFrame:
    """Ids on links and events, except on links that are resolved already."""
    typed = read_table(batch, "messaging").filter(pl.col("part") != "span")
    span = ends.frame.select(
        *PART, "row", "name", "scope_name", span_system="system", span_destination="destination"
    )
    parts = typed.join(span, on=PART, how="inner").with_columns(
        pl.coalesce("system", "span_system").alias("system"),
        pl.coalesce("destination_name", "span_destination").alias("destination_name"),
        marked=pl.lit(value=False),
    )
    done = (
        ends.links.filter(pl.col("target").is_not_null())
        .select("row", "position", part=pl.lit("link"))
        .unique()
    )
    return (
        normalise(parts).join(done, on=["row", "part", "position"], how="anti").select("row", *_IDS)
    )


def _deliveries_below(ends: Ends) -> pl.Series:
    """Of each row the delivery whose own work it is: itself or the nearest above,
    not beyond a send (the next hop has ids of its own)."""
    frame = ends.frame
    delivery = frame["row"].is_in(ends.deliveries["row"].implode())
    send = frame["row"].is_in(ends.units["row"].implode())
    owner = nearest(frame, delivery | send)
    return pl.select(
        pl.when(delivery.gather(owner.fill_null(0)) & owner.is_not_null()).then(owner)
    ).to_series()


def read_ids(batch: SpanBatch, ends: Ends) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(sends, deliveries): `row` of the end point and one message's ids a row."""
    frame = ends.frame
    parts = _on_parts(batch, ends)
    known = pl.any_horizontal(
        pl.col(c).is_not_null() for c in ("message_id", "event_id", "kafka_offset")
    )
    everything = pl.concat([frame.select("row", *_IDS), parts]).filter(known)
    sends = (
        everything.join(ends.units, on="row", how="inner")
        .select(pl.col("unit").alias("row"), *_IDS)
        .unique()
    )
    own = everything.with_columns(
        pl.lit(_deliveries_below(ends)).gather(pl.col("row")).alias("owner")
    ).drop_nulls("owner")
    # A receive span above gives its id to the one delivery below it.
    receives = frame["row"].is_in(everything["row"].unique().implode()) & (
        frame["role"] == "receive"
    ).fill_null(value=False)
    above = (
        ends.deliveries.select(
            owner="row", holder=pl.lit(nearest_above(frame, receives)).gather(pl.col("row"))
        )
        .drop_nulls("holder")
        .filter(pl.len().over("holder") == 1)
        .join(everything.rename({"row": "holder"}), on="holder")
        .join(own.select("owner"), on="owner", how="anti")
    )
    deliveries = pl.concat(
        [
            own.select(pl.col("owner").alias("row"), *_IDS),
            above.select(pl.col("owner").alias("row"), *_IDS),
        ]
    ).unique()
    return sends, deliveries


def read_correlation(batch: SpanBatch, ends: Ends) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(sends, deliveries): `row` of the end point, `key`, `value`, and `near`: 0 on the
    span itself, 1 on a local ancestor, 2 below it. Shared keys are left out.

    A producer reads its own span, else the nearest local ancestor; a consumer its own,
    else the ancestors', else what stands below it.
    """
    frame = ends.frame
    said = (
        read_table(batch, "correlation")
        .filter(~pl.col("key").is_in(SHARED_KEYS))
        .join(frame.select(*PART, "row"), on=PART, how="inner")
        .select("row", "key", "value")
    )
    owner = _deliveries_below(ends)
    sends: list[pl.DataFrame] = []
    deliveries: list[pl.DataFrame] = []
    for key in sorted(said["key"].unique().to_list()):
        values = said.filter(pl.col("key") == key)
        carrier = nearest(frame, frame["row"].is_in(values["row"].unique().implode()))
        for rows, out in ((ends.sends, sends), (ends.deliveries, deliveries)):
            out.append(
                rows.select("row", carrier=pl.lit(carrier).gather(pl.col("row")))
                .drop_nulls()
                .join(values.rename({"row": "carrier"}), on="carrier")
                .select(
                    "row",
                    "key",
                    "value",
                    near=(pl.col("row") != pl.col("carrier")).cast(pl.Int32),
                )
            )
        below = (
            values.with_columns(pl.lit(owner).gather(pl.col("row")).alias("owner"))
            .drop_nulls("owner")
            .join(deliveries[-1].select(owner="row"), on="owner", how="anti")
            .select(pl.col("owner").alias("row"), "key", "value", near=pl.lit(2, pl.Int32))
        )
        deliveries.append(below.unique())
    schema = {"row": pl.UInt32, "key": pl.String, "value": pl.String, "near": pl.Int32}
    nothing = pl.DataFrame(schema=schema)
    return pl.concat([nothing, *sends]), pl.concat([nothing, *deliveries])
