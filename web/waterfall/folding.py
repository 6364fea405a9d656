"""Which rows of a waterfall are seen when some are folded. Pure."""

from collections.abc import Collection, Sequence
from urllib.parse import unquote

import numpy as np

from analyzer.ancestry import NOBODY
from web.waterfall.layout import Waterfall


def folded_rows(fall: Waterfall, fold: Sequence[str]) -> set[int]:
    """The rows below which `fold` (web/waterfall/looks.py) hides everything. What it names and the
    picture does not have is passed over."""
    if not fold:
        return set()
    picture = fall.picture
    kinds = [each.partition(":") for each in fold]
    services = {unquote(name) for kind, _, name in kinds if kind == "service"}
    traces = {name for kind, _, name in kinds if kind == "trace"}
    shut = {int(each, 16) for each in fold if len(each) == 16 and ":" not in each}
    kept_open = {int(each[1:], 16) for each in fold if each.startswith("!")}
    tops = tops_of_traces(fall) if traces else ()
    found = set()
    for row, size in enumerate(fall.sizes):
        span = fall.span_of_row(row)
        if size < 2 or span == NOBODY or picture.span_ids[span] in kept_open:
            continue
        name = picture.services[picture.service[span]] or "unknown service"
        named = picture.span_ids[span] in shut or name in services
        if named or (traces and tops[span] and picture.traces[picture.trace[span]] in traces):
            found.add(row)
    return found


def named_rows(fall: Waterfall, fold: Sequence[str]) -> list[str]:
    """`row:span id` of the single spans that `fold` names; for the script."""
    wanted = {int(each[-16:], 16): each for each in fold if ":" not in each}
    if not wanted:
        return []
    numbers = enumerate(fall.picture.span_ids)
    return [f"{fall.rows_of[n]}:{wanted[given]}" for n, given in numbers if given in wanted]


def tops_of_traces(fall: Waterfall) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Of each span whether it stands below none of its own trace."""
    picture, family = fall.picture, fall.family
    above = np.fromiter(picture.parent, np.int64, len(picture))
    for span in family.above:
        above[span] = family.stands_below(span)
    traces = np.fromiter(picture.trace, np.int64, len(picture))
    tops: np.ndarray[tuple[int], np.dtype[np.bool_]]
    tops = (above == NOBODY) | (traces[above] != traces)
    return tops


def seen_rows(fall: Waterfall, folded: Collection[int]) -> Sequence[int]:
    """The rows that are not below a folded one, in order."""
    if not folded:
        return range(len(fall))
    found, row = [], 0
    while row < len(fall):
        found.append(row)
        row += fall.sizes[row] if row in folded else 1
    return found
