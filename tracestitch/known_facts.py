"""The facts of the whole store that verdicts read (analyzer/stable_facts.py), kept up to date
by what a pass takes away and adds: to group all endpoints anew in every pass would cost
more with every pass.
"""

import numpy as np
import polars as pl
import pyarrow as pa

from analyzer.alternations import LATEST, Consumer, find_mixed
from analyzer.spells import Spells
from analyzer.stable_facts import (
    BUSY,
    FIRSTS,
    LASTS,
    PROPAGATED,
    STABLE,
    merge_facts,
    select_stable,
)
from storage.cheap_rows import stack, where, with_series
from storage.contract import SpanStore
from storage.handover_reads import SPELL_KEY, SPELLS

# Deliveries whose starts are kept: eight bytes each.
_MOST_STARTS = 5_000_000
_BUSY_COUNT = "busy"
"""Those with work below them."""
_KIND = [name for name in STABLE if name != BUSY]
_COUNTS = ["count", _BUSY_COUNT]
_COLUMNS = [*_KIND, *_COUNTS, *FIRSTS, *LASTS]
_CONNECTED = ("relation", "producer_service_name")
_PROPAGATED = pl.col("relation").is_in(PROPAGATED).fill_null(value=False)
# Of which kinds verdicts read when the first began, the first and the last offset, and when
# the last began; of deliveries without a context nothing of what was stitched: with every
# late span something else loses its last.
_SENT = pl.col("role") == "send"
_ARRIVED = (pl.col("role") == "process") & _PROPAGATED
_CUT_RECORD = (pl.col("role") == "process") & ~_PROPAGATED & pl.col("kafka_partition").is_not_null()
_BESIDE = pl.col("origin") == "beside"
_READ = dict(zip(FIRSTS + LASTS, (_SENT, _ARRIVED, _CUT_RECORD, _BESIDE), strict=True))
_KEPT = [
    *(pl.col(name) for name in _KIND if name not in _CONNECTED),
    *(pl.when(_PROPAGATED).then(name).alias(name) for name in _CONNECTED),
    pl.col("count"),
    pl.when(BUSY).then("count").otherwise(0).alias(_BUSY_COUNT),
    *(pl.when(of).then(name).alias(name) for name, of in _READ.items()),
]
"""Of groups of endpoints by STABLE the columns _COLUMNS, in another order."""
_NO_SPELLS = pl.DataFrame(SPELLS.empty_table())


class KnownFacts:
    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._known: pl.DataFrame | None = None
        self._spells: Spells | None = None
        self._facts_now: pl.DataFrame | None = None
        """What `told` says, until something changes."""
        self._selected, self._mixed = pl.DataFrame(), frozenset[Consumer]()
        self._merged: pl.DataFrame | None = None
        """The facts that were made of these two last."""

    def told(self) -> pl.DataFrame:
        """The facts of what is stored now, as `stable_facts` has them."""
        if self._known is None:
            self._known, self._facts_now = self._read_all(), None
        if self._facts_now is None:
            self._facts_now = self._stable(self._known)
        return self._facts_now

    def read(self, owners: pa.Table) -> pa.Table:
        """The endpoints of these traces, before they are replaced."""
        if self._known is None:
            self._known, self._facts_now = self._read_all(), None
        return self._store.endpoints_of(owners)

    def forget(self) -> None:
        """Endpoints of deleted spans count on until then: they are facts of the past."""
        self._known = self._spells = None

    def forget_starts(self) -> None:
        """Deliveries were deleted: how those that are left lie among each other is asked again."""
        self._spells = self._facts_now = None

    def replace(self, before: pa.Table, endpoints: pa.Table) -> pl.DataFrame:
        """The facts now, `stable_facts` of the store, which holds `endpoints` in the place of
        what `read` gave as `before`."""
        assert self._known is not None  # noqa: S101 - `read` came first
        added = _group(endpoints)
        gone = _group(before) if before.num_rows else added.clear()
        if self._spells is not None:
            self._spells.replace(_starts(gone), _starts(added))
        if gone.is_empty():  # the traces are new, as most are
            self._known = _add_up(stack([self._known, added[_COLUMNS]]))
        else:
            known = _replace(self._known, gone[_COLUMNS], added[_COLUMNS])
            self._known = self._read_groups() if known is None else known
        self._facts_now = self._stable(self._known)
        return self._facts_now

    def _stable(self, known: pl.DataFrame) -> pl.DataFrame:
        """What this rests on rarely changes."""
        selected = select_stable(with_series(known, (known[_BUSY_COUNT] > 0).alias(BUSY)))
        mixed = find_mixed(self._tell_spells(known))
        if self._merged is None or mixed != self._mixed or not selected.equals(self._selected):
            self._merged = merge_facts(selected, mixed)
            self._selected, self._mixed = selected, mixed
        return self._merged

    def _tell_spells(self, known: pl.DataFrame) -> pl.DataFrame:
        """Schema SPELLS."""
        deliveries = where(known[["relation", "count"]], known["role"] == "process")
        if not deliveries["relation"].null_count():  # all continue a context
            return _NO_SPELLS
        if deliveries["count"].sum() > _MOST_STARTS:
            self._spells = None
            return pl.DataFrame(self._store.cut_spells(LATEST))
        if self._spells is None:
            self._spells = Spells(self._store.delivery_starts())
        return self._spells.told()

    def _read_all(self) -> pl.DataFrame:
        """All that is kept, from the store."""
        known, self._spells = self._read_groups(), None
        self._tell_spells(known)
        return known

    def _read_groups(self) -> pl.DataFrame:
        stored = pl.DataFrame(self._store.endpoint_facts())
        # When the deleted ones began is not remembered: before all that is stored.
        past = pl.DataFrame(self._store.past_facts()).with_columns(
            pl.lit(1, pl.Int64).alias("count"),
            *(pl.lit(0, pl.Int64).alias(name) for name in FIRSTS + LASTS),
        )
        return _add_up(stack(rows.select(_KEPT)[_COLUMNS] for rows in (stored, past)))


def _group(endpoints: pa.Table) -> pl.DataFrame:
    """Of ENDPOINTS, grouped by STABLE, _COLUMNS, whether a delivery `continues` a context, and
    the `starts`."""
    start, offset = pl.col("start_time_unix_nano"), pl.col("kafka_offset")
    firsts, lasts = (start.min(), offset.min()), (offset.max(), start.max())
    groups = (
        pl.DataFrame(endpoints)
        .group_by(STABLE, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("count"),
            *(first.alias(name) for name, first in zip(FIRSTS, firsts, strict=True)),
            *(last.alias(name) for name, last in zip(LASTS, lasts, strict=True)),
            start.alias("starts"),
        )
        .select(*_KEPT, _PROPAGATED.alias("continues"), "starts")
    )
    # Texts of their own: what is kept must hold on to nothing of the endpoints.
    return pl.DataFrame(groups.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _starts(groups: pl.DataFrame) -> pl.DataFrame:
    """Of what _group gives the deliveries, as DELIVERY_STARTS has them."""
    return where(groups[[*SPELL_KEY, "continues", "starts"]], groups["role"] == "process")


def _add_up(groups: pl.DataFrame) -> pl.DataFrame:
    """Of rows with _COLUMNS each kind once, in the order of their first rows."""
    return groups.group_by(_KIND, maintain_order=True).agg(
        pl.col(_COUNTS).sum(), pl.col(FIRSTS).min(), pl.col(LASTS).max()
    )


def _replace(known: pl.DataFrame, gone: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame | None:
    """The kinds that are `known`, without what is `gone` and with what is `added`. None where
    what was first or last of some kind is gone and others are left: only the store knows what
    is then."""
    parts = (known, gone, added)
    part = pl.Series("part", np.repeat(np.arange(3), [rows.height for rows in parts]))

    def of(number: int, name: str) -> pl.Expr:
        return pl.when(pl.col("part") == number).then(name)

    def lost(name: str) -> pl.Expr:
        sign = 1 if name in FIRSTS else -1
        was, goes, comes = ((of(number, name) * sign).min() for number in range(3))
        return (goes == was) & (comes > goes).fill_null(value=True)

    told = (
        with_series(stack(parts), part)
        .group_by(_KIND, maintain_order=True)
        .agg(
            *((pl.col(name).sum() - 2 * of(1, name).sum()).alias(name) for name in _COUNTS),
            *(pl.when(pl.col("part") != 1).then(name).min().alias(name) for name in FIRSTS),
            *(pl.when(pl.col("part") != 1).then(name).max().alias(name) for name in LASTS),
            lost=pl.any_horizontal(lost(name) for name in FIRSTS + LASTS),
        )
    )
    left = where(told, told["count"] > 0)
    return None if left["lost"].any() else left[_COLUMNS]
