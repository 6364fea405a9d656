"""What the DuckDB engine tells of contexts that arrived (storage/context_reads.py)."""

import pyarrow as pa

from storage.context_reads import ARRIVED_CONTEXTS, SENDERS
from storage.duckdb_database import Database
from storage.duckdb_places import RowPlaces
from storage.duckdb_statements import statement
from storage.results import fit


class ContextReader:
    def __init__(self, database: Database, spans: RowPlaces, answers: RowPlaces) -> None:
        self._database, self._span_places, self._answer_places = database, spans, answers

    def arrived_contexts(self, spans: int, limit: int) -> pa.Table:
        with self._database.read() as session:
            arrived = session.select(statement("arrived_contexts"), spans=spans, limit=limit)
            text = statement(
                "placed_contexts",
                within_spans=self._span_places.within(arrived["target_lo"]),
                within_answers=self._answer_places.within(arrived["trace_lo"]),
            )
            with session.given(arrived=arrived):
                return fit(session.select(text), ARRIVED_CONTEXTS)

    def senders(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(statement("senders")), SENDERS)
