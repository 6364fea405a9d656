"""Which rows of a waterfall a rail joins: the attempts at one message, up to its dead letter.
Pure.

Other rows may stand between two attempts, which the rail passes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from web.trace_shapes import Attempt
from web.waterfall.layout import Waterfall

SLOTS = 2  # rails beside each other; there is no room for more, the chips tell of all

Look = Literal["ok", "bad", "dead"]
_LOOKS: Mapping[str, Look] = {"error": "bad", "dead-letter": "dead"}


@dataclass(frozen=True, slots=True)
class Rail:
    """`looks` of at least two rows, in order."""

    slot: int
    looks: Mapping[int, Look]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RailPart:
    """What is seen of a rail in one row; without a look where it passes."""

    slot: int
    place: Literal["first", "inside", "last"]
    look: Look | None


def find_rails(fall: Waterfall, attempts: Sequence[Attempt]) -> list[Rail]:
    """By their first row. An attempt whose span is not in the picture is passed over."""
    rows = _rows_of(fall, attempts)
    chains: dict[int, dict[int, Look]] = defaultdict(dict)
    for each in attempts:
        row = rows.get((each["trace_id"], each["span_id"]))
        if row is not None:
            chains[each["chain"]][row] = _LOOKS.get(each["outcome"], "ok")
    found: list[Rail] = []
    free = [-1] * SLOTS  # the last row that is taken in each
    joined = (dict(sorted(looks.items())) for looks in chains.values() if len(looks) > 1)
    for looks in sorted(joined, key=lambda looks: (min(looks), max(looks))):
        first, last = min(looks), max(looks)
        slot = next((number for number in range(SLOTS) if free[number] < first), None)
        if slot is not None:
            free[slot] = last
            found.append(Rail(slot, looks, first, last))
    return found


def _rows_of(fall: Waterfall, attempts: Sequence[Attempt]) -> dict[tuple[str, str], int]:
    picture = fall.picture
    wanted = {int(each["span_id"], 16): each["span_id"] for each in attempts}
    found: dict[tuple[str, str], int] = {}
    if wanted:
        for number, given in enumerate(picture.span_ids):
            if given in wanted:
                ids = picture.traces[picture.trace[number]], wanted[given]
                found.setdefault(ids, fall.rows_of[number])
    return found


def parts_of(rails: Sequence[Rail], row: int) -> tuple[RailPart, ...]:
    return tuple(_part(rail, row) for rail in rails if rail.first <= row <= rail.last)


def _part(rail: Rail, row: int) -> RailPart:
    place: Literal["first", "inside", "last"] = "inside"
    if row in (rail.first, rail.last):
        place = "first" if row == rail.first else "last"
    return RailPart(rail.slot, place, rail.looks.get(row))
