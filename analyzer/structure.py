"""The tree inside a trace: parents, and the local root that a span's work hangs from."""

import numpy as np
import polars as pl

from analyzer.meaning import code_roles, has_role
from analyzer.span_ids import SpanIds, flag, no_rows
from storage.cheap_rows import is_given, where, with_series

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


def _cut_cycles(upper: pl.Series, rows: pl.Series) -> pl.Series:
    """Make the first row of every cycle a root (it points at itself)."""
    if (upper <= rows).all():  # whoever goes on never comes back
        return upper
    ends = follow(upper)
    stuck = upper[ends] != ends
    if not stuck.any():
        return upper
    cut: set[int] = set()
    seen: set[int] = set()
    step = upper.to_list()
    for end in ends.filter(stuck).unique().to_list():
        if end in seen:  # every row of a cycle can be an end: walked once, not once for each
            continue
        loop, at = [end], step[end]
        while at != end:
            loop.append(at)
            at = step[at]
        cut.add(min(loop))
        seen.update(loop)
    firsts = pl.Series(sorted(cut), dtype=pl.UInt32)
    return upper.clone().scatter(firsts, firsts)


def find_parents(rows: pl.DataFrame, meanings: pl.DataFrame, ids: SpanIds) -> pl.DataFrame:
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
    row, service, roles = rows["row"], rows["service"], code_roles(meanings, rows["meaning"])
    nothing = no_rows(rows.height)
    found = _look_up_parents(rows, ids)
    known = is_given(found)
    upper = _cut_cycles(found.zip_with(known, row), row)
    has_parent = upper != row
    takes = has_role(roles, "receive") | has_role(roles, "process")
    crosses = (service != service[upper]) | (has_role(roles, "send")[upper] & takes)
    above = row.zip_with(crosses, upper)
    has_above = above != row
    return with_series(
        rows,
        parent=upper.zip_with(has_parent, nothing),
        cyclic=known & ~has_parent,
        parent_missing=is_given(rows["parent_span_id"]) & ~has_parent,
        local_parent=above.zip_with(has_above, nothing),
        above=above,
        top=follow(above),
        has_children=flag(rows.height, above.filter(has_above)),
    )


def _look_up_parents(rows: pl.DataFrame, ids: SpanIds) -> pl.Series:
    """Row of the span that each one names as its parent; null where there is none.

    Rows are sorted by trace and start, so nearly every parent stands a few rows before
    its child; the others are looked up.
    """
    row, named = rows["row"], rows["parent_span_id"]
    back = _steps_back(rows)
    near = pl.Series(back > 0)
    parent = pl.Series(row.to_numpy() - back).zip_with(near, no_rows(rows.height)).alias("row")
    far = is_given(named) & ~near
    if not far.any():
        return parent
    open_ = where(rows[["row", "trace_hi", "trace_lo", "parent_span_id"]], far)
    wanted = with_series(open_[["trace_hi", "trace_lo"]], span_id=open_["parent_span_id"])
    return parent.scatter(open_["row"], ids.find(wanted))


def _steps_back(rows: pl.DataFrame) -> np.ndarray:
    """How many rows before each one its parent stands, 0 where it does not so near."""
    named = rows["parent_span_id"]
    parents = named.to_arrow().fill_null(0).to_numpy()
    spans, traces = rows["span_id"].to_numpy(), rows["trace"].to_numpy()
    near = np.zeros(rows.height, dtype=np.uint8)  # the more the nearer
    for steps in range(1, min(_NEAR, rows.height - 1) + 1):
        same = parents[steps:] == spans[:-steps]
        same &= traces[steps:] == traces[:-steps]
        np.maximum(near[steps:], same * np.uint8(_NEAR + 1 - steps), out=near[steps:])
    back: np.ndarray = (np.uint8(_NEAR + 1) - near) * (near > 0)
    if named.null_count() and not spans.all():  # no parent is none, whatever stands there
        back *= is_given(named).to_numpy()
    return back


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
