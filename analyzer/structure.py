"""The tree inside a trace: parents, and the local root that a span's work hangs from."""

import polars as pl

from analyzer.span_ids import SpanIds, flag, no_rows

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


def find_parents(rows: pl.DataFrame, ids: SpanIds) -> pl.DataFrame:
    """Add the columns

    - `parent`: row of the parent span, null when there is none or it is missing;
    - `parent_missing`: names a parent that the frame does not hold;
    - `cyclic`: the parent chain ran in a circle and was cut here;
    - `local_parent`: `parent` if it is the same service's own work, that is neither
      another service's span nor a send of its own that this span is the delivery of;
    - `above`: `local_parent`, the row itself where it has none;
    - `top`: row of the local root, reached over local parents;
    - `has_children`: some span has it as local parent.
    """
    found = _look_up_parents(rows, ids)
    parents = _cut_cycles(found, rows["row"])
    upper = parents.fill_null(rows["row"])  # looking up by nulls takes ten times as long
    crosses = (pl.col("service") != rows["service"][upper]) | (
        pl.lit(rows["role"] == "send").gather(upper) & pl.col("role").is_in(["receive", "process"])
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
    above = local.fill_null(rows["row"])
    return rows.with_columns(
        above.alias("above"),
        follow(above).alias("top"),
        flag(rows.height, local).alias("has_children"),
    )


def _look_up_parents(rows: pl.DataFrame, ids: SpanIds) -> pl.Series:
    """Row of the span that each one names as its parent; null where there is none.

    Rows are sorted by trace and start, so nearly every parent stands a few rows before
    its child; the others are looked up.
    """
    same = [
        pl.when(
            (pl.col("parent_span_id") == pl.col("span_id").shift(back))
            & (pl.col("trace") == pl.col("trace").shift(back))
        ).then(pl.col("row") - back)
        for back in range(1, _NEAR + 1)
    ]
    near = rows.select(pl.coalesce(same)).to_series()
    open_ = rows.select("row", "trace_hi", "trace_lo", span_id="parent_span_id").filter(
        near.is_null() & rows["parent_span_id"].is_not_null()
    )
    return near.scatter(open_["row"], ids.find(open_.drop("row")))


def nearest(rows: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """Of each row, the nearest row among itself and its local ancestors for which
    `wanted` (boolean, by row) holds; null without one."""
    if not wanted.any():
        return no_rows(rows.height)
    ends = follow(rows["row"].zip_with(wanted, rows["above"]))
    return ends.zip_with(wanted[ends], no_rows(rows.height))


def nearest_above(rows: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """As `nearest`, among the local ancestors alone."""
    if not wanted.any():
        return no_rows(rows.height)
    above = rows["above"]
    return nearest(rows, wanted)[above].zip_with(above != rows["row"], no_rows(rows.height))
