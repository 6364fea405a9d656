"""What the ClickHouse engine tells of the analyzer's answers."""

from typing import Literal

import pyarrow as pa

from storage import paging, results, schema
from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.conditions import of_orphans
from storage.contract import ConnectionQuery, OrphanQuery, Page, Rows
from storage.paging import after, cut, decode_mark, within_i64
from storage.results import fit
from storage.sql_answers import SqlAnswers
from storage.sql_reads import Sql

ORDER = ", ".join(paging.CONNECTION_ORDER)


class AnswerReader(SqlAnswers):
    def __init__(self, database: Database) -> None:
        SqlAnswers.__init__(self, Sql(database, statement))
        self._database = database

    def connections(self, query: ConnectionQuery, page: Page) -> Rows:
        key = None if page.after is None else decode_mark(page.after, paging.CONNECTION_KEY)
        hi, lo = query.trace or (None, None)
        of_trace = "" if query.trace is None else statement("of_trace")
        with self._database.read() as session:
            found = session.select(
                statement("connections", of_trace=of_trace, order=ORDER),
                trace_hi=hi,
                trace_lo=lo,
                service=query.service,
                destination=query.destination,
                relation=query.relation,
                start=within_i64(query.start),
                end=within_i64(query.end),
                min_confidence=query.min_confidence,
                limit=page.limit + 1,
                **after(paging.CONNECTION_ORDER, key),
            )
        table = fit(found, schema.CONNECTIONS)
        return cut(table, page, paging.CONNECTION_ORDER, "consumer_start_time_unix_nano")

    def connections_of(
        self, traces: pa.Table, end: Literal["producer", "consumer", "either"]
    ) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(
                statement("connections_of", order=ORDER),
                consumer=end != "producer",
                producer=end != "consumer",
            )
        return fit(found, schema.CONNECTIONS)

    def orphans(self, query: OrphanQuery, page: Page) -> Rows:
        key = None if page.after is None else decode_mark(page.after, paging.ORPHAN_KEY)
        hi, lo = query.trace or (None, None)
        with self._database.read() as session:
            found = session.select(
                statement("orphans", columns="*"),
                trace_hi=hi,
                trace_lo=lo,
                limit=page.limit + 1,
                **of_orphans(query),
                **after(paging.ORPHAN_ORDER, key),
            )
        table = fit(found, results.ORPHAN_ROWS)
        return cut(table, page, paging.ORPHAN_ORDER, "start_time_unix_nano")

    def orphans_of(self, traces: pa.Table, *, hidden: bool = False) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(statement("orphans_of"), hidden=hidden)
        return fit(found, results.ORPHAN_ROWS)

    def endpoints_of(self, traces: pa.Table) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            return fit(session.select(statement("endpoints_of")), schema.ENDPOINTS)
