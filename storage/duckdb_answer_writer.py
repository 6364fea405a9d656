"""Writing the analyzer's answers into DuckDB."""

import pyarrow as pa

from storage.duckdb_database import Database
from storage.duckdb_places import RowPlaces
from storage.duckdb_schema import ANSWER_TABLES
from storage.duckdb_statements import statement


class AnswerWriter:
    """Replaces what the analyzer said about some traces."""

    def __init__(self, database: Database, spans: RowPlaces, answers: RowPlaces) -> None:
        self._database, self._span_places, self._answer_places = database, spans, answers
        # Read before any answer is deleted: a number that was used is never used again, or
        # look-ups that know it already would miss what is written with it now.
        with database.read() as session:
            self._answered = int(session.select(statement("newest_answer"))[0][0].as_py())

    def replace_connections(
        self, traces: pa.Table, endpoints: pa.Table, connections: pa.Table
    ) -> None:
        within = self._places_of(traces)
        with (
            self._database.write() as session,
            session.given(wanted=traces, endpoint_rows=endpoints, connection_rows=connections),
        ):
            session.run(statement("delete_endpoints", within=within))
            session.run(statement("delete_connections", within=within))
            number = self._next_number()
            for table, rows in (("endpoints", "endpoint_rows"), ("connections", "connection_rows")):
                text = f"INSERT INTO {table} BY NAME SELECT *, $answered AS answered FROM {rows}"
                session.run(text, answered=number)

    def replace_orphans(self, traces: pa.Table, orphans: pa.Table, generation: int) -> None:
        within = self._places_of(traces)
        with (
            self._database.write() as session,
            session.given(wanted=traces, incoming_orphans=orphans),
        ):
            session.run(statement("delete_orphans", within=within))
            if orphans.num_rows:
                spans = self._span_places.within(orphans["trace_lo"])
                text = statement("insert_orphans", within=spans)
                session.run(text, answered=self._next_number())
            session.run(statement("set_analysed_generation"), generation=generation)

    def forget_answers(self, rules: str = "") -> None:
        with self._database.write() as session:
            for table in ANSWER_TABLES:
                session.run(f"DELETE FROM {table}")
            session.run("INSERT INTO answering_rules VALUES ($rules)", rules=rules)
            session.run(statement("set_analysed_generation"), generation=0)

    def _places_of(self, traces: pa.Table) -> str:
        """A condition on the answers that these traces may have."""
        self._answer_places.learn()
        return self._answer_places.within(traces["trace_lo"])

    def _next_number(self) -> int:
        """Of the answer that is being written: larger than of any before."""
        self._answered += 1
        return self._answered
