"""What the DuckDB engine tells of hand-overs in the large (storage/handover_reads.py)."""

import pyarrow as pa

from storage.destination_reads import Place
from storage.duckdb_database import Database
from storage.duckdb_destinations import placed
from storage.duckdb_read import fit
from storage.duckdb_statements import statement
from storage.handover_reads import (
    HANDOVER_COUNTS,
    NOTED,
    NOTED_KEY,
    ORPHAN_COUNTS,
    ORPHAN_COUNTS_KEY,
    RECENT_SENDS,
    SEND_KIND,
    SPELL_KEY,
    SPELLS,
    TRAFFIC,
    UNCONNECTED,
)
from storage.paging import within_i64
from storage.results import EDGE_KEY


def _grouped(name: str, key: list[str]) -> str:
    """The statement, grouped by these columns; groups of equal count in their order."""
    order = ", ".join(f"{column} NULLS FIRST" for column in key)
    return statement(name, key=", ".join(key), order=order)


_RECENT_SENDS = {
    "kind": ", ".join(SEND_KIND),
    "order": ", ".join(f"{column} NULLS FIRST" for column in SEND_KIND),
    "each": ", ".join(f"endpoints.{column}" for column in SEND_KIND),
    # of these alone NULL equals NULL: a plain comparison of the others is far cheaper
    "alike": " AND ".join(
        f"endpoints.{column} = kinds.{column}"
        if column in ("span_name", "destination")
        else f"endpoints.{column} IS NOT DISTINCT FROM kinds.{column}"
        for column in SEND_KIND
    ),
}


class HandoverReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def handover_counts(self, since_unix_nano: int, settled_before_unix_nano: int) -> pa.Table:
        with self._database.read() as session:
            found = session.select(
                _grouped("handover_counts", EDGE_KEY),
                since=within_i64(since_unix_nano),
                settled_before=within_i64(settled_before_unix_nano),
            )
        return fit(found, HANDOVER_COUNTS)

    def orphan_counts(self, settled_before_unix_nano: int) -> pa.Table:
        text = _grouped("orphan_counts", ORPHAN_COUNTS_KEY)
        with self._database.read() as session:
            found = session.select(text, settled_before=within_i64(settled_before_unix_nano))
        return fit(found, ORPHAN_COUNTS)

    def recent_sends(self, per_kind: int, kinds: int, place: Place | None = None) -> pa.Table:
        condition, values = ("true", {}) if place is None else placed(place)
        text = statement("recent_sends", placed=condition, **_RECENT_SENDS)
        with self._database.read() as session:
            found = session.select(text, per_kind=per_kind, kinds=kinds, **values)
        return fit(found, RECENT_SENDS)

    def unconnected_deliveries(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(statement("unconnected_deliveries")), UNCONNECTED)

    def traffic(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(statement("traffic")), TRAFFIC)

    def noted_handovers(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(_grouped("noted_handovers", NOTED_KEY)), NOTED)

    def cut_spells(self, latest: int) -> pa.Table:
        text = statement("cut_spells", key=", ".join(SPELL_KEY))
        with self._database.read() as session:
            return fit(session.select(text, latest=latest), SPELLS)
