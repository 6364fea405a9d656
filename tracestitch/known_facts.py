"""The facts of the whole store that verdicts read (analyzer/stable_facts.py), kept up to date
by what a pass takes away and adds: to group all endpoints anew in every pass would cost
more with every pass.
"""

import polars as pl
import pyarrow as pa

from analyzer.alternations import LATEST
from analyzer.spells import Spells, select_deliveries
from analyzer.stable_facts import BUSY, FIRSTS, LASTS, PROPAGATED, STABLE, stable_facts
from storage.contract import SpanStore
from storage.handover_reads import SPELLS

# Deliveries whose starts are kept: eight bytes each.
_MOST_STARTS = 5_000_000
_BUSY_COUNT = "busy"
"""Those with work below them."""
_KIND = [name for name in STABLE if name != BUSY]
_COLUMNS = [*_KIND, "count", _BUSY_COUNT, *FIRSTS, *LASTS]
_CONNECTED = ("relation", "producer_service_name")
_PROPAGATED = pl.col("relation").is_in(PROPAGATED).fill_null(value=False)
# Of which kinds verdicts read when the first began, the first and the last offset, and when
# the last began.
_SENT = pl.col("role") == "send"
_ARRIVED = (pl.col("role") == "process") & _PROPAGATED
_CUT_RECORD = (pl.col("role") == "process") & ~_PROPAGATED & pl.col("kafka_partition").is_not_null()
_BESIDE = pl.col("origin") == "beside"


class KnownFacts:
    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._known: pl.DataFrame | None = None
        self._spells: Spells | None = None
        self._facts_now: pl.DataFrame | None = None
        """What `told` says, until something changes."""

    def told(self) -> pl.DataFrame:
        """The facts of what is stored now, as `stable_facts` has them."""
        if self._known is None:
            self._known, self._facts_now = self._read_all(), None
        if self._facts_now is None:
            self._facts_now = self._stable(self._known)
        return self._facts_now

    def read(self, owners: pa.Table) -> pl.DataFrame:
        """The endpoints of these traces, before they are replaced."""
        if self._known is None:
            self._known, self._facts_now = self._read_all(), None
        return pl.DataFrame(self._store.endpoints_of(owners))

    def forget(self) -> None:
        """Endpoints of deleted spans count on until then: they are facts of the past."""
        self._known = self._spells = None

    def forget_starts(self) -> None:
        """Deliveries were deleted: how those that are left lie among each other is asked again."""
        self._spells = self._facts_now = None

    def replace(self, before: pl.DataFrame, endpoints: pa.Table) -> pl.DataFrame:
        """The facts now, `stable_facts` of the store, which holds `endpoints` in the place of
        what `read` gave as `before`."""
        assert self._known is not None  # noqa: S101 - `read` came first
        after = pl.DataFrame(endpoints)
        if self._spells is not None:
            self._spells.replace(select_deliveries(before), select_deliveries(after))
        added = _group(after)
        if before.is_empty():  # of traces that are new, as most are
            self._known = _add_up(pl.concat([self._known, added]))
        elif _lost_an_end(self._known, gone := _group(before), added):
            self._known = self._read_groups()
        else:
            taken = gone.with_columns(-pl.col("count", _BUSY_COUNT))
            known = pl.concat([self._known, taken, added])
            self._known = _add_up(known).filter(pl.col("count") > 0)
        self._facts_now = self._stable(self._known)
        return self._facts_now

    def _stable(self, known: pl.DataFrame) -> pl.DataFrame:
        told = known.with_columns((pl.col(_BUSY_COUNT) > 0).alias(BUSY))
        return stable_facts(told, self._tell_spells(known))

    def _tell_spells(self, known: pl.DataFrame) -> pl.DataFrame:
        """Schema SPELLS."""
        deliveries = known.filter(pl.col("role") == "process")
        if not deliveries.select((~_PROPAGATED).any()).item():
            return pl.DataFrame(SPELLS.empty_table())
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
        stored = _name_kinds(pl.DataFrame(self._store.endpoint_facts()))
        # When the deleted ones began is not remembered: before all that is stored.
        past = pl.DataFrame(self._store.past_facts()).with_columns(
            pl.lit(1, pl.Int64).alias("count"),
            *(pl.lit(0, pl.Int64).alias(name) for name in FIRSTS + LASTS),
        )
        return _add_up(pl.concat([stored, _name_kinds(past)]))


def _group(endpoints: pl.DataFrame) -> pl.DataFrame:
    return _add_up(
        _name_kinds(
            endpoints.group_by(STABLE).agg(
                pl.len().cast(pl.Int64).alias("count"),
                pl.col("start_time_unix_nano").min().alias(FIRSTS[0]),
                pl.col("kafka_offset").min().alias(FIRSTS[1]),
                pl.col("kafka_offset").max().alias(LASTS[0]),
                pl.col("start_time_unix_nano").max().alias(LASTS[1]),
            )
        )
    )


def _name_kinds(groups: pl.DataFrame) -> pl.DataFrame:
    """Groups of endpoints by STABLE with the columns _COLUMNS. Of what is first and last only
    that which verdicts read, and of deliveries without a context nothing of what was stitched:
    with every late span something else loses its last."""
    read = zip(FIRSTS + LASTS, (_SENT, _ARRIVED, _CUT_RECORD, _BESIDE), strict=True)
    return groups.with_columns(
        *(pl.when(_PROPAGATED).then(name).alias(name) for name in _CONNECTED),
        pl.when(BUSY).then("count").otherwise(0).alias(_BUSY_COUNT),
        *(pl.when(where).then(name).alias(name) for name, where in read),
    ).select(_COLUMNS)


def _add_up(groups: pl.DataFrame) -> pl.DataFrame:
    return (
        groups.group_by(_KIND)
        .agg(pl.col("count", _BUSY_COUNT).sum(), pl.col(FIRSTS).min(), pl.col(LASTS).max())
        .select(_COLUMNS)
    )


def _lost_an_end(known: pl.DataFrame, taken: pl.DataFrame, added: pl.DataFrame) -> bool:
    """Whether what was first or last of some kind is taken away and others are left: only the
    store knows what is then."""
    both = taken.join(known, on=_KIND, suffix="_known", nulls_equal=True).join(
        added, on=_KIND, how="left", suffix="_added", nulls_equal=True
    )
    left = pl.col("count_known") + pl.col("count_added").fill_null(0) > pl.col("count")
    gone = [
        (pl.col(name) == pl.col(f"{name}_known"))
        & (
            pl.col(f"{name}_added").is_null()
            | (pl.col(f"{name}_added") * sign > pl.col(name) * sign)
        )
        for names, sign in ((FIRSTS, 1), (LASTS, -1))
        for name in names
    ]
    return bool(both.filter(left).select(pl.any_horizontal(gone).any()).item() or False)
