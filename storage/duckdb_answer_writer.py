"""Writing the analyzer's answers into DuckDB."""

import pyarrow as pa

from storage.duckdb_database import Database
from storage.duckdb_schema import ANSWER_TABLES
from storage.duckdb_statements import statement


class AnswerWriter:
    """Replaces what the analyzer said about some traces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace_connections(
        self, traces: pa.Table, endpoints: pa.Table, connections: pa.Table
    ) -> None:
        with (
            self._database.write() as session,
            session.given(wanted=traces, incoming_endpoints=endpoints, incoming=connections),
        ):
            session.run(statement("delete_endpoints"))
            session.run(statement("delete_connections"))
            session.run("INSERT INTO endpoints BY NAME SELECT * FROM incoming_endpoints")
            session.run("INSERT INTO connections BY NAME SELECT * FROM incoming")

    def replace_orphans(self, traces: pa.Table, orphans: pa.Table, generation: int) -> None:
        with (
            self._database.write() as session,
            session.given(wanted=traces, incoming_orphans=orphans),
        ):
            session.run(statement("delete_orphans"))
            session.run(statement("insert_orphans"))
            session.run(statement("set_analysed_generation"), generation=generation)

    def forget_answers(self, rules: str = "") -> None:
        with self._database.write() as session:
            for table in ANSWER_TABLES:
                session.run(f"DELETE FROM {table}")
            session.run("INSERT INTO answering_rules VALUES ($rules)", rules=rules)
            session.run(statement("set_analysed_generation"), generation=0)
