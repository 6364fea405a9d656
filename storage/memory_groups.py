"""Groups of orphan roots with what connected beside them: pure functions of the reference
engine."""

import polars as pl
import pyarrow as pa

from storage import results
from storage.contract import Buckets, OrphanQuery
from storage.memory_answers import chosen_orphans, largest_first
from storage.memory_frames import SPAN, Frames
from storage.memory_read import between

_START = "start_time_unix_nano"
_CELLS = 128
_KINDS = ("service", "scope")  # whose version


def orphan_groups(frames: Frames, query: OrphanQuery, buckets: Buckets) -> pa.Table:
    roots = chosen_orphans(frames["orphans"], query)
    groups = _group(roots, query.settled_before_unix_nano, buckets).with_row_index("number")
    deliveries = between(frames["endpoints"], _START, query.start, query.end)
    beside = _connected_beside(groups, deliveries)
    counted = beside.group_by("number").agg(**_counts(buckets))
    nothing = pl.lit([0] * buckets.count, pl.List(pl.Int64))
    rows = (
        groups.join(counted, on="number", how="left")
        .join(_near(groups, roots, beside), on="number")
        .with_columns(pl.col("trend_connected").fill_null(nothing), pl.col(pl.UInt32).fill_null(0))
    )
    return largest_first(rows, results.ORPHAN_GROUPS, results.ORPHAN_GROUP_KEY)


def _group(roots: pl.DataFrame, settled_before: int, buckets: Buckets) -> pl.DataFrame:
    groups = (
        roots.sort(_START, *SPAN, descending=[True, False, False, False])
        .group_by(results.ORPHAN_GROUP_KEY)
        .agg(
            *(pl.first(name) for name in SPAN),
            count=pl.len(),
            settled_count=(pl.col("stored_at_unix_nano") < settled_before).sum(),
            first_seen_unix_nano=pl.min(_START),
            last_seen_unix_nano=pl.max(_START),
            trend_broken=_trend(buckets),
        )
    )
    earliest = (
        roots.sort(_START, *SPAN)
        .group_by(results.ORPHAN_GROUP_KEY)
        .agg(pl.first(f"{kind}_version").alias(f"first_{kind}_version") for kind in _KINDS)
    )
    return groups.join(earliest, on=results.ORPHAN_GROUP_KEY, nulls_equal=True)


def _connected_beside(groups: pl.DataFrame, deliveries: pl.DataFrame) -> pl.DataFrame:
    """Deliveries that connected, with the `number` of each group that they stand beside."""
    told = groups.rename({"producer_service_name": "of"}).select(
        *("number", "of", *results.GROUP_EDGE, "first_seen_unix_nano", "last_seen_unix_nano"),
        *(f"first_{kind}_version" for kind in _KINDS),
    )
    return (
        deliveries.filter(
            (pl.col("role") == "process") & pl.col("relation").is_in(["parent", "link"])
        )
        .join(told, on=results.GROUP_EDGE, nulls_equal=True)
        .filter(pl.col("of").is_null() | (pl.col("producer_service_name") == pl.col("of")))
    )


def _near(groups: pl.DataFrame, roots: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """(number, near_broken, near_connected): what lies in the cells of time with a root."""
    edges = ["number", "first_seen_unix_nano", "last_seen_unix_nano"]
    numbered = roots.join(
        groups.select(*edges, *results.ORPHAN_GROUP_KEY),
        on=results.ORPHAN_GROUP_KEY,
        nulls_equal=True,
    )
    broken = numbered.group_by("number", _cell()).agg(near_broken=pl.len() - 1)
    connected = beside.group_by("number", _cell()).agg(near_connected=pl.len())
    return (
        broken.join(connected, on=["number", "cell"], how="left")
        .group_by("number")
        .agg(pl.col("near_broken", "near_connected").sum())
    )


def _cell() -> pl.Expr:
    """`cell`: from 0 on between the first root and the last; halved, so that nothing
    overflows."""
    first, last = (pl.col(f"{end}_seen_unix_nano") // 2 for end in ("first", "last"))
    cell = (pl.col(_START) // 2 - first) // ((last - first) // _CELLS + 1)
    within = pl.col(_START).is_between("first_seen_unix_nano", "last_seen_unix_nano")
    return pl.when(within).then(cell).alias("cell")


def _counts(buckets: Buckets) -> dict[str, pl.Expr]:
    start = pl.col(_START)
    before, after = start < pl.col("first_seen_unix_nano"), start > pl.col("last_seen_unix_nano")
    counts = {
        "connected_before": before.sum(),
        "connected_between": (~before & ~after).sum(),
        "connected_after": after.sum(),
        "healed_since_unix_nano": start.filter(after).min(),
        "trend_connected": _trend(buckets),
    }
    for kind in _KINDS:
        version = pl.col(f"{kind}_version")
        known = before & (version != "")
        newest = pl.struct(start, version.alias("version")).filter(known).sort().last()
        counts[f"good_{kind}_version"] = newest.struct.field("version")
        same = before & (version == pl.col(f"first_{kind}_version"))
        counts[f"same_{kind}_version"] = same.sum()
    return counts


def _trend(buckets: Buckets) -> pl.Expr:
    """How many start in each bucket."""
    if buckets.count == 0:
        return pl.lit([], pl.List(pl.Int64))
    first = (buckets.start + number * buckets.size for number in range(buckets.count))
    start = pl.col(_START)
    return pl.concat_list(start.is_between(at, at + buckets.size - 1).sum() for at in first)
