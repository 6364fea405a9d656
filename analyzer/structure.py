"""The tree inside a trace: parents, and the local root that a span's work hangs from."""

import polars as pl

# Doubling reaches the end of a chain of n spans in log2(n) steps.
_MAX_STEPS = 40


def follow(pointers: pl.Series) -> pl.Series:
    """Where each row's chain of pointers ends; a row that points at itself is an end.

    Pointer doubling: log2(longest chain) passes. On a cycle the answer is some row
    of that cycle.
    """
    for _ in range(_MAX_STEPS):
        further = pointers.gather(pointers)
        if (further == pointers).all():
            return pointers
        pointers = further
    return pointers


def _cut_cycles(parents: pl.Series, rows: pl.Series) -> pl.Series:
    """Make the first row of every cycle a root (its parent null)."""
    parents = pl.select(pl.when(parents != rows).then(parents)).to_series()
    pointers = parents.fill_null(rows)
    ends = follow(pointers)
    stuck = pointers.gather(ends) != ends
    if not stuck.any():
        return parents
    cut = set()
    step = pointers.to_list()
    for end in ends.filter(stuck).unique().to_list():
        loop, at = [end], step[end]
        while at != end:
            loop.append(at)
            at = step[at]
        cut.add(min(loop))
    return pl.DataFrame({"row": rows, "parent": parents}).select(
        pl.when(pl.col("row").is_in(sorted(cut)))
        .then(None)
        .otherwise(pl.col("parent"))
        .alias("parent")
    )["parent"]


def find_parents(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the columns

    - `parent`: row of the parent span, null when there is none or it is missing;
    - `parent_missing`: names a parent that the frame does not hold;
    - `cyclic`: the parent chain ran in a circle and was cut here;
    - `local_parent`: `parent` if it is the same service's own work, that is neither
      another service's span nor a send of its own that this span is the delivery of;
    - `top`: row of the local root, reached over local parents;
    - `has_children`: some span has it as local parent.
    """
    known = frame.select("trace", "row", parent_span_id="span_id").rename({"row": "parent"})
    frame = frame.join(known, on=["trace", "parent_span_id"], how="left", maintain_order="left")
    parents = _cut_cycles(frame["parent"], frame["row"])
    frame = frame.with_columns(
        parents.alias("parent"),
        (frame["parent"].is_not_null() & parents.is_null()).alias("cyclic"),
        (pl.col("parent_span_id").is_not_null() & pl.col("parent").is_null()).alias(
            "parent_missing"
        ),
    )
    frame = frame.with_columns(
        frame[name].gather(frame["parent"]).alias(f"parent_{of}")
        for name, of in (("service", "service"), ("role", "role"), ("scope_name", "scope"))
    )
    crosses = (pl.col("service") != pl.col("parent_service")) | (
        (pl.col("parent_role") == "send") & pl.col("role").is_in(["receive", "process"])
    )
    frame = frame.with_columns(
        pl.when(pl.col("parent").is_not_null() & ~crosses.fill_null(value=False))
        .then(pl.col("parent"))
        .alias("local_parent")
    )
    top = follow(frame["local_parent"].fill_null(frame["row"]))
    busy = frame["local_parent"].drop_nulls().unique()
    return frame.with_columns(
        top.alias("top"), pl.col("row").is_in(busy.implode()).alias("has_children")
    )


def nearest(frame: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """Of each row, the nearest row among itself and its local ancestors for which
    `wanted` (boolean, by row) holds; null without one."""
    rows, above = frame["row"], frame["local_parent"]
    pointers = pl.select(pl.when(wanted).then(rows).otherwise(above.fill_null(rows))).to_series()
    ends = follow(pointers)
    return pl.select(pl.when(wanted.gather(ends)).then(ends)).to_series()


def nearest_above(frame: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """As `nearest`, among the local ancestors alone."""
    return nearest(frame, wanted).gather(frame["local_parent"])
