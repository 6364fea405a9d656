"""How deliveries with and without a context lie among each other, kept up to date by what
comes and goes: to order all that are stored anew would cost more with every pass.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from analyzer.alternations import LATEST
from storage.handover_reads import SPELL_KEY, SPELLS

_Starts = npt.NDArray[np.int64]
_Kind = tuple[str | bool | None, ...]
_GROUP = [*SPELL_KEY, "continues"]
_NONE: _Starts = np.empty(0, np.int64)
_CONSUMER = 5
"""So many values of a kind name the consumer; its destination and `is_root` follow."""


class Spells:
    """`SpanStore.cut_spells` of the LATEST, of deliveries of which only starts are kept."""

    def __init__(self, stored: pa.Table) -> None:
        """`stored` as `SpanStore.delivery_starts` has them."""
        self._cut: dict[_Kind, _Starts] = defaultdict(lambda: _NONE)
        self._beside: dict[_Kind, _Starts] = defaultdict(lambda: _NONE)
        self._known: dict[_Kind, tuple[int, ...]] = {}
        rows = pl.DataFrame(stored)
        kinds = rows.drop("starts").iter_rows(named=True)
        # never as numbers of Python: those of millions would take hundreds of MiB
        for kind, starts in zip(kinds, rows["starts"], strict=True):
            self._change(kind, starts.to_numpy(), _NONE)
        self._tell(set(self._cut))

    def replace(self, before: pl.DataFrame, after: pl.DataFrame) -> None:
        """Of some deliveries the rows of ENDPOINTS (`select_deliveries`) that were, and are."""
        counts = (pl.lit(-1).alias("count"), pl.lit(1).alias("count"))
        rows = [rows.with_columns(n) for rows, n in zip((before, after), counts, strict=True)]
        groups = (
            pl.concat(rows)
            .group_by(*_GROUP, "start")
            .agg(pl.col("count").sum())
            .filter(pl.col("count") != 0)
            .group_by(_GROUP)
            .agg("start", "count")
        )
        changed, places = set(), set()
        for row in groups.iter_rows(named=True):
            starts, count = np.array(row["start"], np.int64), np.array(row["count"])
            comes, goes = (
                np.repeat(starts, np.maximum(count, 0)),
                starts.repeat(np.maximum(-count, 0)),
            )
            kind = self._change(row, comes, goes)
            if row["continues"]:
                places.add(kind)
            else:
                changed.add(kind)
        consumers = {place[:_CONSUMER] for place in places}
        for kind in self._cut:
            place = kind[:-1]
            if place in places or (place[-1] is None and place[:_CONSUMER] in consumers):
                changed.add(kind)
        self._tell(changed)

    def told(self) -> pl.DataFrame:
        """Schema SPELLS, in no order."""
        rows = [(*kind, *told) for kind, told in self._known.items()]
        return pl.DataFrame(rows, schema=pl.DataFrame(SPELLS.empty_table()).schema, orient="row")

    def _change(self, row: dict[str, object], comes: _Starts, goes: _Starts) -> _Kind:
        """The kind of delivery that a row is about; whether it is a root says nothing of those
        that continue a context."""
        kind: _Kind = tuple(row[name] for name in SPELL_KEY)  # type: ignore[misc]  # of as many columns
        kept = self._beside if row["continues"] else self._cut
        if row["continues"]:
            kind = kind[:-1]
        left = np.sort(np.concatenate([_take_away(kept[kind], goes), comes]), kind="stable")
        if left.size:
            kept[kind] = left
        else:
            del kept[kind]
        return kind

    def _tell(self, kinds: set[_Kind]) -> None:
        for kind in kinds:
            told = None
            if kind in self._cut:
                told = _count(self._cut[kind][-LATEST:], self._find_beside(kind[:-1]))
            if told is None:
                self._known.pop(kind, None)
            else:
                self._known[kind] = told

    def _find_beside(self, place: _Kind) -> _Starts:
        if place[-1] is not None:
            return self._beside.get(place, _NONE)
        return np.sort(np.concatenate([_NONE, *self._of_consumer(place[:_CONSUMER])]))

    def _of_consumer(self, consumer: _Kind) -> Iterator[_Starts]:
        for place, starts in self._beside.items():
            if place[:_CONSUMER] == consumer:
                yield starts


def select_deliveries(endpoints: pl.DataFrame) -> pl.DataFrame:
    """Of rows of ENDPOINTS those that are ordered, with the columns that tell how."""
    return endpoints.filter(pl.col("role") == "process").select(
        *SPELL_KEY,
        pl.col("relation").is_in(["parent", "link"]).fill_null(value=False).alias("continues"),
        pl.col("start_time_unix_nano").alias("start"),
    )


def _take_away(starts: _Starts, goes: _Starts) -> _Starts:
    """The starts, in order, without these: of equal ones as many as go."""
    if not goes.size:
        return starts
    goes = np.sort(goes)
    alike = np.arange(goes.size) - np.searchsorted(goes, goes)
    return np.delete(starts, np.searchsorted(starts, goes) + alike)


def _count(cut: _Starts, beside: _Starts) -> tuple[int, ...] | None:
    """`cut`, `spells`, `between` and `after` of SPELLS; both in order."""
    before = np.searchsorted(beside, cut, side="right")
    between, after = int(before[-1] - before[0]), int(beside.size - before[-1])
    if not between + after:
        return None
    return cut.size, 1 + int(np.count_nonzero(np.diff(before))), between, after
