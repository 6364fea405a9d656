"""Whether the same work came to the same consumer before: moved back or replayed messages.

A message that is moved back from a dead-letter queue, and an event that is replayed from an
archive, are new messages about work that was delivered already. Business ids tell.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.ids import OTHER_KEYS
from analyzer.tables import Tables

FAILED, DONE = "failed", "done"
# At-least-once delivery repeats within seconds what did not fail.
_LATER_NANO = 300 * 10**9
_STATUS_ERROR = 2
_PLACE = ["key", "value", "world", "service", "system", "destination"]


def find_repeats(tables: Tables, ends: Ends, tops: pl.Series) -> pl.DataFrame:
    """(top, repeats) of the roots `tops` that have a business id: whether it came to the same
    service and destination before. `FAILED` where the context arrived and the work failed
    (as another message: a redelivery keeps its id, and its context), `DONE` where it did not
    fail and was minutes before, else null."""
    frame = ends.frame
    mine = frame.flag(tops)
    sets = tables.correlation.filter(~pl.col("key").is_in(OTHER_KEYS))
    carried = frame.rows.select("top", "correlation_id")
    own = carried.filter(mine[frame["top"]]).drop_nulls()
    values = sets.join(own, on="correlation_id", how="semi").select("key", "value").unique()
    if values.is_empty():
        return pl.DataFrame(schema={"top": pl.UInt32, "repeats": pl.String})
    sets = sets.join(values, on=["key", "value"], how="semi")
    # Of all works those with an id of one of the roots.
    alike = carried.filter(carried["correlation_id"].is_in(sets["correlation_id"].implode()))
    works = (
        ends.deliveries.filter(frame.flag(alike["top"])[ends.deliveries["top"]])
        .unique("top", keep="first", maintain_order=True)
        .select("top", "world", "service", "system", "destination", "message_id")
    )
    works = works.with_columns(frame.tell(works["top"], "start"))
    others = (
        alike.unique()
        .join(sets, on="correlation_id")
        .select("top", "key", "value")
        .unique()
        .join(works, on="top")
    )
    asked = others.filter(mine[others["top"]])
    failed = frame.flag(frame["top"].filter(frame["status_code"] == _STATUS_ERROR))
    before = (
        others.with_columns(
            failed[others["top"]].alias("failed"),
            ends.connected[others["top"]].alias("arrived"),
        )
        .group_by(_PLACE)
        .agg(
            pl.col("start").filter(pl.col("failed") & pl.col("arrived")).min().alias(FAILED),
            pl.col("message_id").filter(pl.col("failed") & pl.col("arrived")).alias("ids"),
            pl.col("start").filter(~pl.col("failed")).min().alias(DONE),
        )
    )
    same = pl.col("message_id").is_in("ids").fill_null(value=False)
    told = (
        pl.when((pl.col(FAILED) < pl.col("start")) & ~same)
        .then(pl.lit(FAILED))
        .when(pl.col(DONE) + _LATER_NANO <= pl.col("start"))
        .then(pl.lit(DONE))
    )
    return (
        asked.join(before, on=_PLACE, nulls_equal=True)
        .select("top", told.alias("repeats"))
        .group_by("top")
        .agg(pl.col("repeats").max())
    )
