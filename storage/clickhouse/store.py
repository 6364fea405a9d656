"""The ClickHouse engine: one database of a server or a cluster, for several processes.

Writing is in `appending` (spans) and `answer_writer`, deleting in `deletion`; `journal` says
which of what is written counts, `snapshot` which rows that makes, `tables` and `ddl` what
the tables are, `client` is the door to the server. The other modules read, with what
DuckDB shares in `storage/sql_reads`.
"""

import pyarrow as pa

from storage.clickhouse.analysis_reads import AnalysisReader
from storage.clickhouse.answer_writer import AnswerWriter
from storage.clickhouse.answers import AnswerReader
from storage.clickhouse.appending import SpanWriter
from storage.clickhouse.contexts import ContextReader
from storage.clickhouse.correlation import CorrelationReader
from storage.clickhouse.database import Database
from storage.clickhouse.deletes import Reclaimer
from storage.clickhouse.deletion import SpanDeleter
from storage.clickhouse.handovers import HandoverReader
from storage.clickhouse.origins import OriginsKeeper
from storage.clickhouse.requests import RequestReader
from storage.clickhouse.rewriting import SpanRewriter
from storage.clickhouse.search import SearchReader
from storage.clickhouse.span_reads import SpanReader
from storage.clickhouse.state_reads import StateReader
from storage.clickhouse.statements import statement
from storage.schema import SpanBatch
from storage.sql_destinations import DestinationReader
from storage.sql_reads import Sql


class ClickHouseStore(
    SpanWriter,
    SpanDeleter,
    SpanRewriter,
    OriginsKeeper,
    AnswerWriter,
    StateReader,
    AnalysisReader,
    SpanReader,
    CorrelationReader,
    AnswerReader,
    HandoverReader,
    ContextReader,
    RequestReader,
    SearchReader,
    DestinationReader,
):
    engine = "clickhouse"

    def __init__(self, url: str) -> None:
        """Opens or creates the store. Raises StoreError."""
        database = Database(url)
        reclaimer = Reclaimer(database)
        StateReader.__init__(self, database)
        AnswerReader.__init__(self, database)
        HandoverReader.__init__(self, database)
        DestinationReader.__init__(self, Sql(database, statement))
        AnswerWriter.__init__(self, database, reclaimer)
        SpanWriter.__init__(self, database)
        SpanDeleter.__init__(self, database, self, self, reclaimer)
        SpanRewriter.__init__(self, database, self)

    def related_traces(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        self.beat()  # a pass may read for long before it writes
        return super().related_traces(traces, hot_key_limit)

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        self.beat()
        return super().analysis_input(traces)

    def close(self) -> None:
        self.resign()
        self._database.close()
