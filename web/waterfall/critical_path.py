"""What the end of a picture waited for: the chain of spans and waits that determines it. Pure.

Backwards from the latest end, as CRISP does it (Zhang et al., "CRISP: Critical Path Analysis
of Large-Scale Microservice Architectures", USENIX ATC 2022): within a span the child that
ended last before the cursor is on the path, and the span itself only from that end on; the
walk goes on from where the child began. It differs where work is asynchronous. A consumer
does not hold up its producer, so it is never taken for a child that the producer waited for;
but when the walk reaches a consumer's start, the wait in the queue is on the path, and then
the send (for a further attempt, the attempt before). A child that outlives the cursor is no
cause of it and is passed over.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.ancestry import NOBODY
from web.waterfall.family import Family
from web.waterfall.picture import Picture
from web.waterfall.timescale import Interval


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """Pieces of time by span, and the waits by connection, each from the latest on."""

    spans: Mapping[int, Sequence[Interval]]
    waits: Mapping[int, Interval]


def find_critical_path(picture: Picture, family: Family) -> CriticalPath:
    """At least one span. Linear but for sorting children."""
    pieces: dict[int, list[Interval]] = defaultdict(list)
    waits: dict[int, Interval] = {}
    start, end = picture.start, picture.end
    children: dict[int, list[int]] = {}  # those not looked at yet, the last one ended last
    entered: set[int] = set()
    span = max(range(len(picture)), key=lambda number: (end[number], -start[number], -number))
    cursor = end[span]
    resumed: list[int] = []  # spans that wait for the one that is walked through
    while span not in entered or span in children:
        if span not in entered:
            entered.add(span)
            children[span] = sorted(family.children(span), key=lambda n: (end[n], start[n], n))
        child = _last_before(children[span], cursor, end, entered)
        if child != NOBODY and end[child] > start[span]:
            if end[child] < cursor:
                pieces[span].append((end[child], cursor))
            resumed.append(span)
            span, cursor = child, min(end[child], cursor)
            continue
        del children[span]
        if start[span] < cursor:
            pieces[span].append((start[span], cursor))
        cursor = min(cursor, start[span])  # a child may have begun before its parent
        if resumed:
            span = resumed.pop()
            continue
        above = family.stands_below(span)
        if above == NOBODY:
            break
        connection = family.above.get(span)
        if connection is not None:
            above = family.again.get(connection, above)
            if end[above] < cursor:
                waits[connection] = (end[above], cursor)
        span, cursor = above, min(end[above], cursor)
    return CriticalPath(pieces, waits)


def _last_before(waiting: list[int], cursor: int, end: Sequence[int], entered: set[int]) -> int:
    while waiting:
        child = waiting.pop()
        if end[child] <= cursor and child not in entered:
            return child
    return NOBODY
