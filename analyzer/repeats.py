"""Whether the same work came to the same consumer before: moved back or replayed messages.

A message that is moved back from a dead-letter queue, and an event that is replayed from an
archive, are new messages about work that was delivered already. Business ids tell.
"""

import numpy as np
import polars as pl

from analyzer.ends import Ends
from analyzer.ids import names_work
from analyzer.tables import Tables
from storage.cheap_rows import distinct, is_among, where, with_series

FAILED, DONE = "failed", "done"
# At-least-once delivery repeats within seconds what did not fail.
_LATER_NANO = 300 * 10**9
_STATUS_ERROR = 2
_PLACE = ["key", "value", "world", "service", "system", "destination"]


_WORK = ["top", "world", "service", "system", "destination", "message_id"]
_NONE = pl.DataFrame(schema={"top": pl.UInt32, "repeats": pl.String})
_NOTHING = pl.Series("repeats", [None], pl.String)


def find_repeats(tables: Tables, ends: Ends, tops: pl.Series) -> pl.DataFrame:
    """(top, repeats) of the roots `tops` that have a business id: whether it came to the same
    service and destination before. `FAILED` where the context arrived and the work failed
    (as another message: a redelivery keeps its id, and its context), `DONE` where it did not
    fail and was minutes before, else null."""
    frame = ends.frame
    mine = frame.flag(tops)
    carried, sets = frame["correlation_id"], tables.correlation
    own = where(frame.rows[["top", "correlation_id"]], mine[frame["top"]])
    values = where(sets, is_among(sets["correlation_id"], distinct(own["correlation_id"])))
    values = where(values, names_work(values["key"]))
    if values.is_empty():
        return _NONE
    named = own["top"].filter(is_among(own["correlation_id"], values["correlation_id"]))
    asked = _works_of(ends, named)
    nothing = with_series(asked[["top"]], _NOTHING.new_from_index(0, asked.height))
    if not _may_have_come(ends, asked, ends.deliveries):
        return nothing
    sets = sets.join(values, on=["key", "value"], how="semi")
    # Of all works those with an id of one of the roots.
    alike = where(frame.rows[["top", "correlation_id"]], is_among(carried, sets["correlation_id"]))
    works = _works_of(ends, alike["top"])
    if not _may_have_come(ends, asked, works):
        return nothing
    failed = _failed(ends)
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


def _works_of(ends: Ends, tops: pl.Series) -> pl.DataFrame:
    """(_WORK, start) of the deliveries below these roots, of each root the first."""
    works = where(ends.deliveries[_WORK], ends.frame.flag(tops)[ends.deliveries["top"]])
    if works["top"].n_unique() < works.height:
        works = works.unique("top", keep="first", maintain_order=True)
    return with_series(works, ends.frame["start"][works["top"]])


def _failed(ends: Ends) -> pl.Series:
    """Boolean by row of roots: some work below them failed."""
    frame = ends.frame
    return frame.flag(frame["top"].filter(frame["status_code"] == _STATUS_ERROR))


def _may_have_come(ends: Ends, asked: pl.DataFrame, works: pl.DataFrame) -> bool:
    """Whether any of the works (top, service, …) may be what some of `asked` repeats, by its
    service alone: it failed, or there are minutes between some."""
    starts = ends.frame["start"][works["top"]].to_numpy()
    services = works["service"]
    if not len(starts) or np.ptp(starts) < _LATER_NANO:
        services = services.filter((_failed(ends) & ends.connected)[works["top"]])
    return bool(is_among(asked["service"], services).any())
