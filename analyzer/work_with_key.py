"""What work a root send shares an id with: messages and requests of its service."""

import polars as pl

from analyzer.ends import Ends
from analyzer.roles import CONSUMER, SERVER
from analyzer.tables import Tables
from analyzer.work_beside import AFTER_NANO
from storage.cheap_rows import distinct, is_among, where

# How long after a message a send with its key can be a result of it.
_FOLLOWS_NANO = 5_000_000_000
# A value that more messages of one destination have, or more requests, names no unit of work:
# the name of the service, a tenant, one key for all. A failed message comes ten times.
_MOST = 10


def find_work_with_key(
    tables: Tables, ends: Ends, roots: pl.DataFrame, beside: pl.DataFrame
) -> pl.DataFrame:
    """(row, during) of the roots (row, top) that share a value that names a unit of work with
    a request `beside` them (analyzer.work_beside), or a message that their service handled
    before them, and whether the work still ran or had just ended."""
    keys = _read_keys(tables, ends, roots["top"])
    mine = roots.join(keys, on="top")
    if mine.is_empty():
        return pl.DataFrame(schema={"row": roots.schema["row"], "during": pl.Boolean})
    keys = keys.join(mine, on=["service", "unit"], how="semi")
    requests = (
        beside.filter("request")
        .select("row", top="work")
        .join(_of_requests(ends, keys), on="top")
        .join(mine, on=["row", "unit"], how="semi")
        .select("row", during=pl.lit(value=True))
    )
    messages = _after_messages(ends, mine, _of_messages(ends, keys))
    return pl.concat([requests, messages]).group_by("row").agg(pl.col("during").any())


def _read_keys(tables: Tables, ends: Ends, roots: pl.Series) -> pl.DataFrame:
    """(top, service, unit) of the local trees, of the values that some of the `roots` has: a
    number of the key and value, which name a unit of work."""
    frame, sets = ends.frame, tables.correlation
    values = sets[["key", "value"]].unique().with_row_index("unit")
    sets = sets.join(values, on=["key", "value"]).select("correlation_id", "unit")
    rows = frame.rows[["top", "service", "correlation_id"]]
    own = rows["correlation_id"].filter(frame.flag(roots)[frame["top"]])
    units = sets["unit"].filter(is_among(sets["correlation_id"], distinct(own)))
    sets = where(sets, is_among(sets["unit"], units))
    keys = where(rows, is_among(rows["correlation_id"], sets["correlation_id"]))
    return keys.unique().join(sets, on="correlation_id").drop("correlation_id").unique()


def _of_requests(ends: Ends, keys: pl.DataFrame) -> pl.DataFrame:
    """(top, unit) of requests, of values that few have."""
    serves = ends.frame["kind"][keys["top"]] == SERVER
    few = pl.col("top").n_unique().over("service", "unit") <= _MOST
    return keys.filter(serves).filter(few).select("top", "unit")


def _of_messages(ends: Ends, keys: pl.DataFrame) -> pl.DataFrame:
    """(top, service, unit) of messages, of values that few of a destination have."""
    few = pl.col("top").n_unique().over("service", "unit", "destination") <= _MOST
    return (
        ends.deliveries.select("top", "destination")
        .unique()
        .join(keys, on="top")
        .filter(few)
        .select(keys.columns)
        .unique()
    )


def _after_messages(ends: Ends, mine: pl.DataFrame, handled: pl.DataFrame) -> pl.DataFrame:
    frame = ends.frame
    handled = handled.select(
        "service",
        "unit",
        kind=frame["kind"][handled["top"]],
        began=frame["start"][handled["top"]],
        ended=frame["work_end"][handled["top"]],
    ).filter(pl.col("kind") == CONSUMER)
    sent = pl.col("sent")
    return (
        mine.with_columns(sent=frame["start"][mine["top"]])
        .join(handled, on=["service", "unit"])
        .filter((pl.col("began") <= sent) & (sent - pl.col("ended") <= _FOLLOWS_NANO))
        .select("row", during=sent <= pl.col("ended") + AFTER_NANO)
    )
