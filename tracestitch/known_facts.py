"""The facts of the whole store that verdicts read (analyzer/stable_facts.py), kept up to date
by what a pass takes away and adds: to group all endpoints anew in every pass would cost
more with every pass.
"""

import polars as pl
import pyarrow as pa

from analyzer.alternations import LATEST
from analyzer.stable_facts import BUSY, FIRSTS, LASTS, PROPAGATED, STABLE, stable_facts
from storage.contract import SpanStore
from storage.handover_reads import SPELLS

_BUSY_COUNT = "busy"
"""Those with work below them."""
_KIND = [name for name in STABLE if name != BUSY]
_COLUMNS = [*_KIND, "count", _BUSY_COUNT, *FIRSTS, *LASTS]
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

    def told(self) -> pl.DataFrame:
        """The facts of what is stored now, as `stable_facts` has them."""
        if self._known is None:
            self._known = self._read_all()
        return self._stable(self._known)

    def read(self, owners: pa.Table) -> pl.DataFrame:
        """The endpoints of these traces by kind, before they are replaced."""
        if self._known is None:
            self._known = self._read_all()
        return _group(self._store.endpoints_of(owners))

    def forget(self) -> None:
        """Endpoints of deleted spans count on until then: they are facts of the past."""
        self._known = None

    def replace(self, before: pl.DataFrame, endpoints: pa.Table) -> pl.DataFrame:
        """The facts now, `stable_facts` of the store, which holds `endpoints` in the place of
        what `read` gave as `before`."""
        assert self._known is not None  # noqa: S101 - `read` came first
        added = _group(endpoints)
        if _lost_an_end(self._known, before, added):
            self._known = self._read_all()
        else:
            taken = before.with_columns(-pl.col("count", _BUSY_COUNT))
            known = pl.concat([self._known, taken, added])
            self._known = _add_up(known).filter(pl.col("count") > 0)
        return self._stable(self._known)

    def _stable(self, known: pl.DataFrame) -> pl.DataFrame:
        told = known.with_columns((pl.col(_BUSY_COUNT) > 0).alias(BUSY))
        cut = known.select(((pl.col("role") == "process") & ~_PROPAGATED).any()).item()
        spells = self._store.cut_spells(LATEST) if cut else SPELLS.empty_table()
        return stable_facts(told, pl.DataFrame(spells))

    def _read_all(self) -> pl.DataFrame:
        stored = _name_kinds(pl.DataFrame(self._store.endpoint_facts()))
        # When the deleted ones began is not remembered: before all that is stored.
        past = pl.DataFrame(self._store.past_facts()).with_columns(
            pl.lit(1, pl.Int64).alias("count"),
            *(pl.lit(0, pl.Int64).alias(name) for name in FIRSTS + LASTS),
        )
        return _add_up(pl.concat([stored, _name_kinds(past)]))


def _group(endpoints: pa.Table) -> pl.DataFrame:
    return _add_up(
        _name_kinds(
            pl.DataFrame(endpoints)
            .group_by(STABLE)
            .agg(
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
    that which verdicts read: with every late span something else loses its last."""
    read = zip(FIRSTS + LASTS, (_SENT, _ARRIVED, _CUT_RECORD, _BESIDE), strict=True)
    return groups.with_columns(
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
    """Whether what was first or last of some kind is taken away: only the store knows what
    is then."""
    both = taken.join(known, on=_KIND, suffix="_known", nulls_equal=True).join(
        added, on=_KIND, how="left", suffix="_added", nulls_equal=True
    )
    gone = [
        (pl.col(name) == pl.col(f"{name}_known"))
        & (
            pl.col(f"{name}_added").is_null()
            | (pl.col(f"{name}_added") * sign > pl.col(name) * sign)
        )
        for names, sign in ((FIRSTS, 1), (LASTS, -1))
        for name in names
    ]
    return bool(both.select(pl.any_horizontal(gone).any()).item() or False)
