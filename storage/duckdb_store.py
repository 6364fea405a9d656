"""The default engine: one DuckDB file, one process.

Writing is in `duckdb_write` (spans) and `duckdb_answer_writer`, deleting in
`duckdb_deletion`, writing anew in `duckdb_rewriting`, reading in `duckdb_read` (spans),
`duckdb_analysis_reads`, `duckdb_search`, `duckdb_answers`, `duckdb_handovers` and
`duckdb_requests`, and what ClickHouse shares in `sql_reads`; `duckdb_recent` holds the newest
spans in memory, `duckdb_database` has the transactions, `duckdb_opening` the settings,
`duckdb_schema` the tables.
"""

from dataclasses import replace

import pyarrow as pa

from storage.contract import StoreStatus, StoreUsage
from storage.duckdb_analysis_reads import AnalysisReader
from storage.duckdb_answer_writer import AnswerWriter
from storage.duckdb_answers import AnswerReader
from storage.duckdb_contexts import ContextReader
from storage.duckdb_database import Database
from storage.duckdb_deletion import SpanDeleter
from storage.duckdb_handovers import HandoverReader
from storage.duckdb_opening import locate, remove_replacement
from storage.duckdb_origins import OriginsKeeper
from storage.duckdb_requests import RequestReader
from storage.duckdb_rewriting import SpanRewriter
from storage.duckdb_search import SearchReader
from storage.duckdb_statements import statement
from storage.duckdb_write import SpanWriter
from storage.schema import ENDPOINTS
from storage.sql_destinations import DestinationReader
from storage.sql_reads import Sql


class DuckDBStore(
    SpanWriter,
    SpanDeleter,
    SpanRewriter,
    OriginsKeeper,
    AnswerWriter,
    AnalysisReader,
    AnswerReader,
    HandoverReader,
    ContextReader,
    RequestReader,
    SearchReader,
    DestinationReader,
):
    engine = "duckdb"

    def __init__(self, path: str) -> None:
        """Opens or creates the store in a file or directory. Raises StoreError."""
        file = locate(path)
        database = Database(file)
        try:
            remove_replacement(file)
            AnalysisReader.__init__(self, database)
            AnswerReader.__init__(self, database)
            HandoverReader.__init__(self, database, self._answer_places, self._connection_shapes)
            ContextReader.__init__(self, database, self._span_places, self._answer_places)
            RequestReader.__init__(self, database, self._span_places)
            SearchReader.__init__(self, database, self._span_places)
            DestinationReader.__init__(self, Sql(database, statement))
            AnswerWriter.__init__(
                self, database, self._span_places, self._answer_places, self._recent
            )
            SpanWriter.__init__(self, database, self._recent)
            SpanDeleter.__init__(self, database, self, self)
            SpanRewriter.__init__(self, database, self)
        except BaseException:
            database.close()
            raise
        self._database = database

    def traces_since(self, generation: int, limit: int) -> tuple[pa.Table, int]:
        # Whoever begins to analyse learns where things are. Answers too, at once: after a start
        # with nothing new to answer, each look-up would read the answers of the whole store.
        self._learn_answers()
        return super().traces_since(generation, limit)

    def endpoints_of(self, traces: pa.Table) -> pa.Table:
        # The analysis asks for those of the traces of each pass, of which hardly any has some.
        answered = self._answered_among(traces)
        return super().endpoints_of(answered) if answered.num_rows else ENDPOINTS.empty_table()

    def _newest(self) -> int:
        # As sql/newest_generation.sql has it: asked for in each pass, and nobody else appends.
        self._check_open()
        return self._generation

    def status(self) -> StoreStatus:
        return replace(super().status(), partitions=self._partitions.status)

    def usage(self) -> StoreUsage:
        return self._database.usage()

    @property
    def broken(self) -> bool:
        return self._database.broken

    def check(self) -> None:
        self._database.check()

    def close(self) -> None:
        self._database.close()
