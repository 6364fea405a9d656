"""Whether the same work came to the same consumer before: moved back or replayed messages.

A message that is moved back from a dead-letter queue, and an event that is replayed from an
archive, are new messages about work that was delivered already. Business ids tell.
"""

import numpy as np
import polars as pl

from analyzer.ends import Ends
from analyzer.ids import OTHER_KEYS
from analyzer.tables import Tables
from storage.cheap_rows import distinct, is_among, where, with_series

FAILED, DONE = "failed", "done"
# At-least-once delivery repeats within seconds what did not fail.
_LATER_NANO = 300 * 10**9
_STATUS_ERROR = 2
_PLACE = ["key", "value", "world", "service", "system", "destination"]


_WORK = ["top", "world", "service", "system", "destination", "message_id"]
_NONE = pl.DataFrame(schema={"top": pl.UInt32, "repeats": pl.String})


def find_repeats(tables: Tables, ends: Ends, tops: pl.Series) -> pl.DataFrame:
    """(top, repeats) of the roots `tops` that have a business id: whether it came to the same
    service and destination before. `FAILED` where the context arrived and the work failed
    (as another message: a redelivery keeps its id, and its context), `DONE` where it did not
    fail and was minutes before, else null."""
    frame = ends.frame
    mine = frame.flag(tops)
    carried, sets = frame["correlation_id"], tables.correlation
    own = distinct(carried.filter(mine[frame["top"]]))
    values = where(sets, is_among(sets["correlation_id"], own))
    values = values.filter(~pl.col("key").is_in(OTHER_KEYS))
    if values.is_empty():
        return _NONE
    sets = sets.join(values, on=["key", "value"], how="semi")
    # Of all works those with an id of one of the roots.
    alike = where(frame.rows[["top", "correlation_id"]], is_among(carried, sets["correlation_id"]))
    works = where(ends.deliveries[_WORK], frame.flag(alike["top"])[ends.deliveries["top"]])
    if works["top"].n_unique() < works.height:
        works = works.unique("top", keep="first", maintain_order=True)
    works = with_series(works, frame["start"][works["top"]])
    failed = frame.flag(frame["top"].filter(frame["status_code"] == _STATUS_ERROR))
    asked = where(works, mine[works["top"]])
    came = works
    if _are_close(works["start"]):
        came = where(works, (failed & ends.connected)[works["top"]])
    if not is_among(asked["service"], came["service"]).any():  # none can have come again
        return with_series(asked[["top"]], _NONE["repeats"].clear(asked.height))
    others = (
        alike.unique()
        .join(sets, on="correlation_id")
        .select("top", "key", "value")
        .unique()
        .join(works, on="top")
    )
    again = others.filter(mine[others["top"]])
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
    verdict = (
        pl.when((pl.col(FAILED) < pl.col("start")) & ~same)
        .then(pl.lit(FAILED))
        .when(pl.col(DONE) + _LATER_NANO <= pl.col("start"))
        .then(pl.lit(DONE))
    )
    return (
        again.join(before, on=_PLACE, nulls_equal=True)
        .select("top", verdict.alias("repeats"))
        .group_by("top")
        .agg(pl.col("repeats").max())
    )


def _are_close(starts: pl.Series) -> bool:
    """None of them is minutes after another."""
    return starts.is_empty() or bool(np.ptp(starts.to_numpy()) < _LATER_NANO)
