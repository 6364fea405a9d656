"""The tree inside a trace: parents, and the local root that a span's work hangs from."""

import numpy as np
import polars as pl

# Doubling reaches the end of a chain of n spans in log2(n) steps.
_MAX_STEPS = 40
# How many rows before a span its parent is looked for before all are joined.
_NEAR = 8


def follow(pointers: pl.Series) -> pl.Series:
    """Where each row's chain of pointers ends; a row that points at itself is an end.

    Pointer doubling: log2(longest chain) passes. On a cycle the answer is some row
    of that cycle.
    """
    for _ in range(_MAX_STEPS):
        further = pointers[pointers]
        if (further == pointers).all():
            return pointers
        pointers = further
    return pointers


def _cut_cycles(parents: pl.Series, rows: pl.Series) -> pl.Series:
    """Make the first row of every cycle a root (its parent null)."""
    parents = pl.select(pl.when(parents != rows).then(parents)).to_series()
    pointers = parents.fill_null(rows)
    ends = follow(pointers)
    stuck = pointers[ends] != ends
    if not stuck.any():
        return parents
    cut: set[int] = set()
    seen: set[int] = set()
    step = pointers.to_list()
    for end in ends.filter(stuck).unique().to_list():
        if end in seen:  # every row of a cycle can be an end: walked once, not once for each
            continue
        loop, at = [end], step[end]
        while at != end:
            loop.append(at)
            at = step[at]
        cut.add(min(loop))
        seen.update(loop)
    return pl.DataFrame({"row": rows, "parent": parents}).select(
        pl.when(pl.col("row").is_in(sorted(cut)))
        .then(None)
        .otherwise(pl.col("parent"))
        .alias("parent")
    )["parent"]


def find_parents(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns

    - `parent`: row of the parent span, null when there is none or it is missing;
    - `parent_missing`: names a parent that the frame does not hold;
    - `cyclic`: the parent chain ran in a circle and was cut here;
    - `local_parent`: `parent` if it is the same service's own work, that is neither
      another service's span nor a send of its own that this span is the delivery of;
    - `top`: row of the local root, reached over local parents;
    - `has_children`: some span has it as local parent.
    """
    found = _look_up_parents(rows)
    parents = _cut_cycles(found, rows["row"])
    above = {name: rows[name][parents] for name in ("service", "role")}
    crosses = (pl.col("service") != above["service"]) | (
        pl.lit(above["role"] == "send") & pl.col("role").is_in(["receive", "process"])
    )
    rows = rows.with_columns(
        parents.alias("parent"),
        (found.is_not_null() & parents.is_null()).alias("cyclic"),
        (pl.col("parent_span_id").is_not_null() & pl.lit(parents).is_null()).alias(
            "parent_missing"
        ),
        pl.when(~crosses.fill_null(value=False)).then(parents).alias("local_parent"),
    )
    local = rows["local_parent"]
    busy = np.zeros(rows.height, dtype=np.bool_)
    busy[local.drop_nulls().to_numpy()] = True
    return rows.with_columns(
        follow(local.fill_null(rows["row"])).alias("top"), pl.Series("has_children", busy)
    )


def _look_up_parents(rows: pl.DataFrame) -> pl.Series:
    """Row of the span that each one names as its parent; null where there is none.

    Rows are sorted by trace and start, so nearly every parent stands a few rows before
    its child; the others are joined.
    """
    same = [
        pl.when(
            (pl.col("parent_span_id") == pl.col("span_id").shift(back))
            & (pl.col("trace") == pl.col("trace").shift(back))
        ).then(pl.col("row") - back)
        for back in range(1, _NEAR + 1)
    ]
    near = rows.select(pl.coalesce(same)).to_series()
    open_ = rows.filter(near.is_null() & pl.col("parent_span_id").is_not_null())
    if open_.is_empty():
        return near
    traces = rows.filter(pl.col("trace").is_in(open_["trace"].unique().implode()))
    far = open_.select("row", "trace", "parent_span_id").join(
        traces.select("trace", parent_span_id="span_id", parent="row"),
        on=["trace", "parent_span_id"],
    )
    return near.scatter(far["row"], far["parent"])


def nearest(rows: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """Of each row, the nearest row among itself and its local ancestors for which
    `wanted` (boolean, by row) holds; null without one."""
    if not wanted.any():
        return pl.Series([None], dtype=pl.UInt32).new_from_index(0, rows.height)
    here = rows["row"]
    pointers = rows.select(
        pl.when(wanted).then("row").otherwise(pl.coalesce("local_parent", "row"))
    ).to_series()
    ends = follow(pointers)
    return here.to_frame().select(pl.when(wanted[ends]).then(ends)).to_series()


def nearest_above(rows: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """As `nearest`, among the local ancestors alone."""
    return nearest(rows, wanted)[rows["local_parent"]]
