"""How deliveries with and without a context lie among each other, kept up to date by what
comes and goes: to order all that are stored anew would cost more with every pass.
"""

from collections import defaultdict

import numpy as np
import polars as pl
import pyarrow as pa

from analyzer.alternations import LATEST
from analyzer.sorted_runs import NOTHING, SortedRuns
from storage.arrays import Numbers
from storage.cheap_rows import where
from storage.handover_reads import SPELL_KEY, SPELLS

_Kind = tuple[str | bool | None, ...]
_PLACE = SPELL_KEY[:-1]
_CONSUMER = 5
"""So many values of a place name the consumer; its destination follows."""
_TOLD = pl.DataFrame(SPELLS.empty_table()).schema


class Spells:
    """`SpanStore.cut_spells` of the LATEST, of deliveries of which only starts are kept."""

    def __init__(self, stored: pa.Table) -> None:
        """`stored` as `SpanStore.delivery_starts` has them."""
        self._cut: dict[_Kind, SortedRuns] = {}
        self._beside: dict[_Kind, SortedRuns] = {}
        self._known: dict[_Kind, tuple[int, ...]] = {}
        rows = pl.DataFrame(stored)
        self.replace(rows.clear(), rows)

    def replace(self, before: pl.DataFrame, after: pl.DataFrame) -> None:
        """Of some deliveries those that were, and are: rows of DELIVERY_STARTS, maybe several of
        a kind."""
        changed, places = (
            _change(kept, _select(before, continues=continues), _select(after, continues=continues))
            for kept, continues in ((self._cut, False), (self._beside, True))
        )
        consumers = {place[:_CONSUMER] for place in places}
        for kind in self._cut:
            place = kind[:-1]
            if place in places or (place[-1] is None and place[:_CONSUMER] in consumers):
                changed.add(kind)
        self._tell(changed)

    def told(self) -> pl.DataFrame:
        """Schema SPELLS, in no order."""
        rows = [(*kind, *told) for kind, told in self._known.items()]
        return pl.DataFrame(rows, schema=_TOLD, orient="row")

    def _tell(self, kinds: set[_Kind]) -> None:
        for kind in kinds:
            told = None
            if kind in self._cut:
                told = _count(self._cut[kind].last(LATEST), self._find_beside(kind[:-1]))
            if told is None:
                self._known.pop(kind, None)
            else:
                self._known[kind] = told

    def _find_beside(self, place: _Kind) -> list[SortedRuns]:
        if place[-1] is not None:
            return [self._beside[place]] if place in self._beside else []
        consumer = place[:_CONSUMER]
        return [starts for each, starts in self._beside.items() if each[:_CONSUMER] == consumer]


def _select(rows: pl.DataFrame, *, continues: bool) -> pl.DataFrame:
    """The deliveries that continue a context, or the others: what names their kind, and their
    starts. Whether it is a root says nothing of those that do."""
    kind = _PLACE if continues else SPELL_KEY
    return where(rows[[*kind, "starts"]], rows["continues"] == continues)


def _change(kept: dict[_Kind, SortedRuns], before: pl.DataFrame, after: pl.DataFrame) -> set[_Kind]:
    """The kinds of which some come or go."""
    moved: dict[_Kind, tuple[list[Numbers], list[Numbers]]] = defaultdict(lambda: ([], []))
    for way, rows in enumerate((before, after)):
        kinds = rows[[name for name in rows.columns if name != "starts"]]
        # never as numbers of Python: those of millions would take hundreds of MiB
        for kind, starts in zip(kinds.iter_rows(), rows["starts"], strict=True):
            moved[kind][way].append(starts.to_numpy())
    for kind, ways in moved.items():
        goes, comes = (np.concatenate([NOTHING, *starts]) for starts in ways)
        left = kept.setdefault(kind, SortedRuns())
        left.replace(goes, comes)
        if not len(left):
            del kept[kind]
    return set(moved)


def _count(cut: Numbers, beside: list[SortedRuns]) -> tuple[int, ...] | None:
    """`cut`, `spells`, `between` and `after` of SPELLS; `cut` in order."""
    before = sum((starts.count_until(cut) for starts in beside), np.zeros(cut.size, np.int64))
    all_beside = sum(map(len, beside))
    between, after = int(before[-1] - before[0]), int(all_beside - before[-1])
    if not between + after:
        return None
    return cut.size, 1 + int(np.count_nonzero(np.diff(before))), between, after
