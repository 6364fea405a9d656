"""Where the business ids of a message are read: on the end point, else near it."""

import polars as pl

from analyzer.ends import Ends
from analyzer.ids import OWN_KEYS, deliveries_below, deliveries_beside, names_work
from analyzer.rules.conversation_id import CONVERSATION
from analyzer.structure import nearest
from analyzer.tables import Tables
from storage.cheap_rows import where


def read_correlation(
    tables: Tables, ends: Ends, asked: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(sends, deliveries): `row` of the end point, `key`, `value`, and `near`: 0 on the
    span itself, 1 on a local ancestor, 2 below it, 3 beside it (deliveries_beside). Of
    the deliveries only those in `asked` are told.

    A producer reads its own span, else the nearest local ancestor; a consumer its own,
    else the ancestors', else what stands below it, else beside it. What is the message's
    own, a record's key or a conversation id, is read on the spans themselves alone. Entry
    numbers of a batch, which boto3sqs calls conversation ids, are none.
    """
    frame = ends.frame
    sets = tables.correlation
    said = frame.rows.select("row", "correlation_id").join(sets, on="correlation_id")
    talk = said.filter(pl.col("key") == CONVERSATION)["row"]
    entries = talk.filter(frame.tell(talk, "scope_name")["scope_name"].str.contains("boto3sqs"))
    said = said.filter((pl.col("key") != CONVERSATION) | ~pl.col("row").is_in(entries.implode()))
    owner = deliveries_below(ends)
    near = [(2, owner), (3, deliveries_beside(ends, owner))]
    sends: list[pl.DataFrame] = []
    deliveries: list[pl.DataFrame] = []
    for key in sorted(said["key"].unique().to_list()):
        values = said.filter(pl.col("key") == key)
        carrier = nearest(frame.rows, frame.flag(values["row"]))
        for rows, out in ((ends.sends, sends), (asked, deliveries)):
            out.append(
                rows.select("row", carrier=pl.lit(carrier).gather(pl.col("row")))
                .drop_nulls()
                .filter((pl.col("row") == pl.col("carrier")) | (pl.lit(key not in OWN_KEYS)))
                .join(values.rename({"row": "carrier"}), on="carrier")
                .select(
                    "row",
                    "key",
                    "value",
                    near=(pl.col("row") != pl.col("carrier")).cast(pl.Int32),
                )
            )
        for distance, of in [] if key in OWN_KEYS else near:
            owned = values.with_columns(pl.lit(of).gather(pl.col("row")).alias("owner")).filter(
                pl.col("owner").is_in(asked["row"].implode())
            )
            if owned.is_empty():  # mostly nothing stands beside
                continue
            told = owned.join(
                pl.concat(deliveries).filter(pl.col("key") == key).select(owner="row"),
                on="owner",
                how="anti",
            ).select(pl.col("owner").alias("row"), "key", "value", near=pl.lit(distance, pl.Int32))
            deliveries.append(told.unique())
    schema = {"row": pl.UInt32, "key": pl.String, "value": pl.String, "near": pl.Int32}
    nothing = pl.DataFrame(schema=schema)
    return pl.concat([nothing, *sends]), pl.concat([nothing, *deliveries])


def of_work(keys: pl.DataFrame) -> pl.DataFrame:
    """Those of `keys` (key, …) that name one unit of work."""
    return where(keys, names_work(keys["key"]))
