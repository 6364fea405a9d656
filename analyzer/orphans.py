"""Roots that should continue a message's context and do not.

The not-orphan rules come first: idle polls (N1), settle calls (N4), API-level receives,
error events (N3) and batch wrappers (N6, N7) are no deliveries at all
(analyzer/deliveries.py); a root with a resolved context on any of its deliveries (N2, N5),
a locally missing parent (N8), an HTTP entry or a timer (N9) are dropped here.
"""

import polars as pl

from analyzer.ends import Ends
from analyzer.roles import SERVER
from analyzer.root_facts import tell_roots
from analyzer.rules import DRAWN
from analyzer.tables import Tables
from storage.cheap_rows import stack, where, with_series
from storage.schema import ORPHANS

ROOTS = pl.DataFrame(ORPHANS.empty_table()).schema
"""Of orphan roots with their verdicts."""
_NONE = pl.DataFrame(schema={**ROOTS, "row": pl.UInt32})


def orphan_rows(
    tables: Tables, ends: Ends, connections: pl.DataFrame, lost: pl.DataFrame
) -> pl.DataFrame:
    """ORPHANS columns up to `facts`, the stitched producer, and `row` of the root; `lost`
    are sends that may be broken (analyzer.lost_sends.select_lost)."""
    broken = _broken(ends)
    found = [broken]
    if not ends.bodies.is_empty():
        known = connections["delivery"].filter(connections["confidence"] >= DRAWN)
        found = [*_tell_once(broken, _bodies(ends, known), known)]
    found = [with_series(rows, _nothing("beside", rows.height)) for rows in found]
    if not lost.is_empty():
        sends = lost.select("row", "top", part=pl.lit("send"), after="origin", stitched="row")
        found.append(with_series(sends, lost["beside"]))
    whole = stack(found)
    if whole.is_empty():  # all is well, as it mostly is
        return _NONE
    return tell_roots(tables, ends, connections, whole)


def _nothing(name: str, height: int) -> pl.Series:
    return pl.Series(name, [None], pl.String).new_from_index(0, height)


def _bodies(ends: Ends, known: pl.Series) -> pl.DataFrame:
    """Work after a closed receive span as if it were a delivery: told by the receive
    span (`row`), reported at the root of the work (`top`). Where that span may have taken
    nothing, only with a producer (`known` deliveries have one)."""
    sure = pl.col("sure") | pl.col("row").is_in(known.implode())
    after = pl.when("connected").then(pl.lit("connected")).otherwise(pl.lit("cut"))
    return ends.bodies.filter(sure).select(
        row="receive", top="row", part=pl.lit("body"), after=after, stitched="row"
    )


def _tell_once(
    broken: pl.DataFrame, bodies: pl.DataFrame, known: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both without the bodies of receive spans that are broken themselves: one message, and
    it was lost before the body began. What is known of its producer may stand on the body
    alone. A poll that only counts its messages stands for none of them."""
    received = broken.filter(pl.col("part") == "receive")
    twice = bodies.join(received, on="row", how="semi").sort("row", "stitched")
    if twice.is_empty():
        return broken, bodies
    found = twice.filter(pl.col("stitched").is_in(known.implode())).unique("row", keep="first")
    told = broken.join(found.select("row", body="stitched"), on="row", how="left")
    own = pl.col("stitched").is_in(known.implode()) | pl.col("body").is_null()
    return (
        told.with_columns(pl.when(own).then("stitched").otherwise("body").alias("stitched")).drop(
            "body"
        ),
        bodies.join(received, on="row", how="anti"),
    )


def _broken(ends: Ends) -> pl.DataFrame:
    """Deliveries below local roots of which none has a stated producer, and that do not
    continue another trace and are no entry of their own."""
    frame = ends.frame
    remote = frame.flag(frame["top"][ends.missing["row"]])
    deliveries = ends.deliveries
    open_ = ~ends.connected[deliveries["top"]] & (deliveries["part"] != "body")
    found = where(deliveries[["row", "top", "part"]], open_)
    told = with_series(found, _nothing("after", found.height), stitched=found["row"])
    found = _begun_by_receives(ends, told)
    found = where(found, ~ends.connected[found["top"]])
    if found.is_empty():
        return found
    entry = (
        (pl.col("kind") == SERVER)
        & ~pl.col("marked")
        & pl.col("invocation_id").is_null()
        & pl.col("trigger").is_null()
    )
    timer = pl.col("trigger").is_in(["timer", "datasource"]).fill_null(value=False)
    roots = frame.tell(
        found["top"],
        *("kind", "marked", "invocation_id", "trigger", "parent_span_id", "cyclic"),
    ).hstack([remote[found["top"]].alias("remote")])
    broken = roots.select(
        broken=(pl.col("parent_span_id").is_null() | pl.col("remote"))
        & ~entry
        & ~timer
        & ~pl.col("cyclic")
    )
    return where(found, broken["broken"])


def _begun_by_receives(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """`found` with the root of the receive span that a process span links to (N5): its own
    root has a link that resolves, and that one has none."""
    if ends.followed.is_empty():
        return found
    via = ends.followed.unique("row", keep="first", maintain_order=True)
    begun = via.select("row", begun=ends.frame["top"][via["receive"]])
    return (
        found.join(begun, on="row", how="left", maintain_order="left")
        .with_columns(top=pl.coalesce("begun", "top"))
        .drop("begun")
    )
