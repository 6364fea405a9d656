"""What the DuckDB engine tells of the analyzer's answers."""

from collections.abc import Iterator, Mapping
from typing import Literal

import pyarrow as pa

from storage import paging, results, schema
from storage.conditions import of_orphans
from storage.contract import (
    ConnectionQuery,
    OrphanQuery,
    Page,
    Rows,
)
from storage.duckdb_answer_tables import SHAPES, TOLD_END
from storage.duckdb_database import Database, Session, Value
from storage.duckdb_dictionaries import Dictionary
from storage.duckdb_few_rows import MOST_ROWS
from storage.duckdb_places import answer_places
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import rows_of
from storage.paging import after, cut, decode_mark, within_i64
from storage.results import fit
from storage.sql_answers import SqlAnswers
from storage.sql_reads import Sql

# How many pages of connections are looked at first, if all are as many at any time.
_PAGES_AT_FIRST, _LONGER = 4, 8

# Of connections, by the value that is asked for; only those stand in a statement.
_CONDITIONS = {
    "min_confidence": "confidence >= $min_confidence",
    "service": "(consumer_service_name = $service OR producer_service_name = $service)",
    "destination": "destination = $destination",
    "relation": "relation = $relation",
    "start": "consumer_start_time_unix_nano >= $start",
    "end": "consumer_start_time_unix_nano < $end",
    "after_start": statement("connections_after"),
}


def _conditions(asked: Mapping[str, Value], of_trace: str) -> str:
    texts = [text for name, text in _CONDITIONS.items() if name in asked]
    return "\n".join([" AND ".join(texts), of_trace])


def _page_starts(session: Session, asked: Mapping[str, Value]) -> Iterator[int | None]:
    """Since when a page of connections may have begun: later first, at last what was asked
    for. Rows lie in the order of time, more or less, so of a short time few are read; one
    thread would put all of them in order."""
    extent = session.look_up(statement("connections_extent")).to_pylist()[0]
    if extent["count"]:
        ends = (extent["newest"], asked.get("after_start"), asked.get("end"))
        end = min(each for each in ends if isinstance(each, int))
        earliest = max(extent["oldest"], int(asked.get("start", extent["oldest"]) or 0))
        rows = _PAGES_AT_FIRST * int(asked["limit"] or 0)
        span = (extent["newest"] - extent["oldest"]) * rows // extent["count"] + 1
        while end - span > earliest:
            yield end - span
            span *= _LONGER
    yield None


class AnswerReader(SqlAnswers):
    def __init__(self, database: Database) -> None:
        SqlAnswers.__init__(self, Sql(database, statement))
        self._database = database
        self._answer_places = answer_places(database)
        self._endpoint_shapes = Dictionary(SHAPES["endpoints"])
        self._connection_shapes = Dictionary(SHAPES["connections"])

    def connections(self, query: ConnectionQuery, page: Page) -> Rows:
        key = None if page.after is None else decode_mark(page.after, paging.CONNECTION_KEY)
        ids: dict[str, int] = {}
        of_trace = ""
        if query.trace is not None:
            ids = dict(zip(("trace_hi", "trace_lo"), query.trace, strict=True))
            trace = pa.chunked_array([pa.array([ids["trace_lo"]], schema.U64)])
            of_trace = statement("of_trace", within=self._answer_places.within(trace))
        values: dict[str, Value] = {
            **ids,
            "service": query.service,
            "destination": query.destination,
            "relation": query.relation,
            "start": within_i64(query.start),
            "end": within_i64(query.end),
            "min_confidence": query.min_confidence,
            "limit": page.limit + 1,
            **after(paging.CONNECTION_ORDER, key),
        }
        asked = {name: value for name, value in values.items() if value is not None}
        with self._database.read() as session:
            # Those of one trace are found by its ids, whenever they were.
            starts = [None] if query.trace is not None else _page_starts(session, asked)
            select = session.look_up if page.limit < MOST_ROWS - 1 else session.select
            for start in starts:
                since = asked if start is None else asked | {"start": start}
                text = statement("connections", conditions=_conditions(since, of_trace))
                found = select(text, **since)
                if found.num_rows > page.limit:
                    break
        table = fit(found, schema.CONNECTIONS)
        return cut(table, page, paging.CONNECTION_ORDER, "consumer_start_time_unix_nano")

    def connections_of(
        self, traces: pa.Table, end: Literal["producer", "consumer", "either"]
    ) -> pa.Table:
        within = self._within(traces)
        with self._database.read() as session, rows_of(session, traces) as rows:
            if end == "either":
                text = rows.touching("connection_rows", within)
            else:
                text = f"FROM {rows.source('connection_rows', within, f'{end}_')}"
            found = rows.select(text)
            found = self._connection_shapes.joined(session, found, "shape_number")
        names = ("consumer_start_time_unix_nano", *paging.CONNECTION_ORDER)
        found = found.sort_by([(name, "ascending") for name in names])
        return fit(found, schema.CONNECTIONS)

    def orphans(self, query: OrphanQuery, page: Page) -> Rows:
        key = None if page.after is None else decode_mark(page.after, paging.ORPHAN_KEY)
        hi, lo = query.trace or (None, None)
        with self._database.read() as session:
            select = session.look_up if page.limit < MOST_ROWS - 1 else session.select
            found = select(
                statement("orphan_page", chosen=statement("orphans", columns="rowid")),
                trace_hi=hi,
                trace_lo=lo,
                limit=page.limit + 1,
                **of_orphans(query),
                **after(paging.ORPHAN_ORDER, key),
            )
        table = fit(found, results.ORPHAN_ROWS)
        return cut(table, page, paging.ORPHAN_ORDER, "start_time_unix_nano")

    def orphans_of(self, traces: pa.Table, *, hidden: bool = False) -> pa.Table:
        with self._database.read() as session, rows_of(session, traces) as rows:
            source = rows.source("orphans", self._within(traces))
            # Of most traces there are none, and to plan what reads all columns is most of it.
            if not rows.select(f"SELECT trace_lo FROM {source}").num_rows:
                return results.ORPHAN_ROWS.empty_table()
            found = rows.select(statement("orphans_of", rows=source), hidden=hidden)
        return fit(found, results.ORPHAN_ROWS)

    def endpoints_of(self, traces: pa.Table) -> pa.Table:
        with self._database.read() as session, rows_of(session, traces) as rows:
            source = rows.source("endpoint_rows", self._within(traces))
            found = rows.select(f"SELECT *, {TOLD_END} FROM {source}")
            found = self._endpoint_shapes.joined(session, found, "shape_number")
        return fit(found, schema.ENDPOINTS)

    def _within(self, traces: pa.Table) -> str:
        return self._answer_places.within(traces["trace_lo"])
