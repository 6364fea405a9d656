"""What the DuckDB engine tells of hand-overs in the large (storage/handover_reads.py)."""

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from storage.conditions import equals, in_order, placed
from storage.destination_reads import Place
from storage.duckdb_database import Database
from storage.duckdb_dictionaries import Dictionary
from storage.duckdb_places import RowPlaces
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import is_one_of
from storage.handover_reads import (
    HANDOVERS_OF_SENDS,
    RECENT_SENDS,
    SEND_KIND,
    SENDS_OF_KINDS,
    SPELL_KEY,
    SPELLS,
    SendKind,
)
from storage.results import fit
from storage.sql_handovers import SqlHandovers
from storage.sql_reads import Sql

_DRAWN = 0.8  # confidence from which a connection is an edge


_RECENT_SENDS = {
    "kind": ", ".join(SEND_KIND),
    "order": in_order(SEND_KIND),
    "each": ", ".join(f"endpoints.{column}" for column in SEND_KIND),
    # of these alone NULL equals NULL: a plain comparison of the others is far cheaper
    "alike": " AND ".join(
        f"endpoints.{column} = kinds.{column}"
        if column in ("span_name", "destination")
        else f"endpoints.{column} IS NOT DISTINCT FROM kinds.{column}"
        for column in SEND_KIND
    ),
}


class HandoverReader(SqlHandovers):
    def __init__(self, database: Database, answers: RowPlaces, connections: Dictionary) -> None:
        """`connections` are the shapes of connections."""
        SqlHandovers.__init__(self, Sql(database, statement))
        self._database, self._answer_places = database, answers
        self._connection_shapes = connections

    def recent_sends(self, per_kind: int, kinds: int, place: Place | None = None) -> pa.Table:
        condition, values = ("true", {}) if place is None else placed(place)
        text = statement("recent_sends", placed=condition, **_RECENT_SENDS)
        with self._database.read() as session:
            sends = session.select(text, per_kind=per_kind, kinds=kinds, **values)
            within = self._answer_places.within(sends["trace_lo"])
            with session.given(sends=sends):
                found = session.select(statement("received_sends", within=within))
        return fit(found, RECENT_SENDS)

    def newest_sends(self, kinds: Sequence[SendKind], per_kind: int) -> pa.Table:
        if not kinds:
            return SENDS_OF_KINDS.empty_table()
        cases: list[str] = []
        values: dict[str, str] = {}
        for number, kind in enumerate(kinds):
            alike, told = equals(kind._asdict(), f"kind_{number}")
            cases.append(f"WHEN {alike} THEN {number}")
            values |= told
        with self._database.read() as session:
            text = statement("send_shapes", cases=" ".join(cases))
            shapes = session.select(text, **values)
            numbers: dict[int, list[int]] = defaultdict(list)
            for shape in shapes.to_pylist():
                numbers[shape["kind"]].append(shape["number"])
            if not numbers:
                return SENDS_OF_KINDS.empty_table()
            parts = [
                statement("newest_sends", kind=str(place), chosen=is_one_of("shape_number", alike))
                for place, alike in numbers.items()
            ]
            found = session.select(" UNION ALL ".join(parts), per_kind=per_kind)
        places = pc.index_in(found["shape_number"], value_set=shapes["number"].combine_chunks())
        return fit(found.append_column("error", shapes["error"].take(places)), SENDS_OF_KINDS)

    def handovers_of(self, sends: pa.Table) -> pa.Table:
        within = self._answer_places.within(sends["trace_lo"])
        text = statement("handovers_of", within=within)
        with self._database.read() as session, session.given(sends=sends):
            found = self._connection_shapes.joined(session, session.select(text), "shape_number")
        drawn = pc.greater_equal(found["confidence"], pa.scalar(_DRAWN))
        return fit(found.filter(drawn), HANDOVERS_OF_SENDS)

    def cut_spells(self, latest: int) -> pa.Table:
        text = statement("cut_spells", key=", ".join(SPELL_KEY))
        with self._database.read() as session:
            return fit(session.select(text, latest=latest), SPELLS)
