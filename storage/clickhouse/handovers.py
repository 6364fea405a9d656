"""What the ClickHouse engine tells of hand-overs in the large (storage/handover_reads.py)."""

from collections.abc import Iterable, Sequence

import polars as pl
import pyarrow as pa

from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.conditions import in_order, placed
from storage.destination_reads import Place
from storage.handover_reads import (
    HANDOVERS_OF_SENDS,
    RECEIVED,
    RECENT_SENDS,
    SEND_KIND,
    SENDS_OF_KINDS,
    SPELL_KEY,
    SPELLS,
    SendKind,
)
from storage.results import fit
from storage.schema import ENDPOINTS, SPAN_IDS
from storage.sql_handovers import SqlHandovers
from storage.sql_reads import Sql

_CONSUMER = ("environment", "service_namespace", "system", "service_name", "span_name")

_RECEIVED = ", ".join(
    [
        *(f"producer_{name}" for name in SPAN_IDS.names),
        *(name if name == column else f"{column} AS {name}" for name, column in RECEIVED.items()),
    ]
)


def _alike(columns: Iterable[str]) -> str:
    """That an end point is of a kind. Null equals null."""
    return " AND ".join(f"endpoints.{name} <=> kinds.{name}" for name in columns)


class HandoverReader(SqlHandovers):
    def __init__(self, database: Database) -> None:
        SqlHandovers.__init__(self, Sql(database, statement))
        self._database = database

    def recent_sends(self, per_kind: int, kinds: int, place: Place | None = None) -> pa.Table:
        condition, values = ("true", {}) if place is None else placed(place)
        text = statement(
            "recent_sends",
            placed=condition,
            kind=", ".join(SEND_KIND),
            each=", ".join(f"endpoints.{name} AS {name}" for name in SEND_KIND),
            order=in_order(SEND_KIND),
            alike=_alike(SEND_KIND),
            per_kind=str(int(per_kind)),
        )
        received = statement(
            "received_sends",
            columns=", ".join(RECENT_SENDS.names),
            handovers=statement("handovers_of", columns=_RECEIVED),
        )
        with self._database.read() as session:
            sends = session.select(text, kinds=kinds, **values)
            with session.given(sends=sends):
                return fit(session.select(received), RECENT_SENDS)

    def newest_sends(self, kinds: Sequence[SendKind], per_kind: int) -> pa.Table:
        if not kinds:
            return SENDS_OF_KINDS.empty_table()
        columns = [SENDS_OF_KINDS.field("kind"), *(ENDPOINTS.field(n) for n in SendKind._fields)]
        rows = [kind._asdict() | {"kind": number} for number, kind in enumerate(kinds)]
        asked = pa.Table.from_pylist(
            rows, schema=pa.schema(field.with_nullable(field.name != "kind") for field in columns)
        )
        text = statement("newest_sends", alike=_alike(SendKind._fields))
        with self._database.read() as session, session.given(kinds=asked):
            return fit(session.select(text, per_kind=per_kind), SENDS_OF_KINDS)

    def handovers_of(self, sends: pa.Table) -> pa.Table:
        text = statement("handovers_of", columns=", ".join(HANDOVERS_OF_SENDS.names))
        with self._database.read() as session, session.given(sends=sends):
            return fit(session.select(text), HANDOVERS_OF_SENDS)

    def cut_spells(self, latest: int) -> pa.Table:
        key = ", ".join(SPELL_KEY)
        with self._database.read() as session:
            text = statement("cut_kinds", key=key, latest=str(int(latest)))
            kinds = pl.DataFrame(session.select(text)).with_row_index("kind")
            kinds = kinds.with_columns(
                kind=pl.col("kind").cast(pl.Int64),
                first_cut=pl.col("starts").list.min(),
                last_cut=pl.col("starts").list.max(),
                cut=pl.col("starts").list.len(),
            )
            cut = kinds.select("kind", start="starts").explode("start")
            given = {"kinds": kinds.drop("starts", "cut", "is_root"), "cut": cut}
            tables = {name: _arrow(frame) for name, frame in given.items()}
            text = statement("cut_spells", alike=_alike(_CONSUMER))
            with session.given(**tables):
                told = pl.DataFrame(session.select(text))
        found = kinds.join(told.with_columns(pl.col("kind").cast(pl.Int64)), on="kind")
        return fit(_arrow(found), SPELLS)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
