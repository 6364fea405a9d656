"""Roots that should continue a message's context and do not.

The not-orphan rules come first: idle polls (N1), settle calls (N4), API-level receives,
error events (N3) and batch wrappers (N6, N7) are no deliveries at all
(analyzer/deliveries.py); a root with a resolved context on any of its deliveries (N2, N5),
a locally missing parent (N8), an HTTP entry or a timer (N9) are dropped here.
"""

import polars as pl

from analyzer.contexts import own_receives
from analyzer.ends import Ends
from analyzer.roles import SERVER
from analyzer.root_facts import tell_roots
from storage.schema import ORPHANS, SpanBatch


def orphan_rows(
    batch: SpanBatch, ends: Ends, connections: pl.DataFrame, lost: pl.DataFrame
) -> pl.DataFrame:
    """ORPHANS columns up to `facts`, the stitched producer, and `row` of the root; `lost`
    are sends that may be broken (analyzer.lost_sends.select_lost)."""
    sends = lost.select("row", "top", part=pl.lit("send"), after="origin", stitched="row")
    found = pl.concat([_broken(ends), _bodies(ends), sends])
    if found.is_empty():  # all is well, as it mostly is
        return pl.DataFrame(ORPHANS.empty_table())
    return tell_roots(batch, ends, connections, found)


def _bodies(ends: Ends) -> pl.DataFrame:
    """Work after a closed receive span as if it were a delivery: told by the receive
    span (`row`), reported at the root of the work (`top`)."""
    after = pl.when("connected").then(pl.lit("connected")).otherwise(pl.lit("cut"))
    return ends.bodies.select(
        row="receive", top="row", part=pl.lit("body"), after=after, stitched="row"
    )


def _broken(ends: Ends) -> pl.DataFrame:
    """Deliveries below local roots of which none has a stated producer, and that do not
    continue another trace and are no entry of their own."""
    frame = ends.frame
    connected = frame.flag(frame["top"].gather(ends.stated["delivery"]))
    remote = frame.flag(frame["top"].gather(ends.missing["row"]))
    open_ = ~connected.gather(ends.deliveries["top"])
    found = _begun_by_receives(
        ends,
        ends.deliveries.filter(open_ & (ends.deliveries["part"] != "body")).select(
            "row", "top", "part", after=pl.lit(None, pl.String), stitched="row"
        ),
    )
    found = found.filter(~connected.gather(found["top"]))
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
    ).with_columns(remote=remote.gather(found["top"]))
    return found.filter(
        roots.select(
            (pl.col("parent_span_id").is_null() | pl.col("remote"))
            & ~entry
            & ~timer
            & ~pl.col("cyclic")
        ).to_series()
    )


def _begun_by_receives(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """`found` with the root of the receive span that a process span links to (N5): its own
    root has a link that resolves, and that one has none."""
    via = own_receives(ends.frame, ends.links).unique("row", keep="first", maintain_order=True)
    begun = via.select("row", begun=ends.frame["top"].gather(via["receive"]))
    return (
        found.join(begun, on="row", how="left", maintain_order="left")
        .with_columns(top=pl.coalesce("begun", "top"))
        .drop("begun")
    )
