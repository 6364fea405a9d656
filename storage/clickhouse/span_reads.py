"""What the ClickHouse engine tells of spans by their traces."""

import pyarrow as pa

from storage import schema
from storage.clickhouse.database import Database, Session
from storage.clickhouse.statements import statement
from storage.results import fit
from storage.schema import SpanBatch


class SpanReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        return self._read_batch(traces, bare=True)

    def spans_of(self, traces: pa.Table) -> SpanBatch:
        return self._read_batch(traces, bare=False)

    def traces_of_span(self, span_id: int) -> pa.Table:
        text = "SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE span_id = $span_id"
        with self._database.read() as session:
            return fit(session.select(text, span_id=span_id), schema.TRACE_IDS)

    def _read_batch(self, traces: pa.Table, *, bare: bool) -> SpanBatch:
        bared = {"spans", "links", "events", "scopes"} if bare else set()
        columns = {name: _list_columns(name, bare=name in bared) for name in schema.BATCH_SCHEMAS}
        with self._database.read() as session, session.given(wanted=traces):
            tables = {"spans": session.select(statement("spans_of", columns=columns["spans"]))}
            for name in ("messaging", "links", "events", "keys"):
                if name != "keys" or not bare:
                    text = statement("parts_of", table=name, columns=columns[name])
                    tables[name] = session.select(text)
            spans, messaging = tables["spans"], tables["messaging"]
            for name, key, found in (
                ("resources", "resource_id", spans),
                ("scopes", "scope_id", spans),
                ("correlation", "correlation_id", spans),
                ("shapes", "shape_id", messaging),
            ):
                tables[name] = _read_named(session, name, columns[name], key, found)
        if bare:
            tables["keys"] = schema.KEYS.empty_table()
        return SpanBatch(**{n: fit(tables[n], rows) for n, rows in schema.BATCH_SCHEMAS.items()})


def _read_named(session: Session, name: str, columns: str, key: str, found: pa.Table) -> pa.Table:
    with session.given(found=found.select([key])):
        return session.select(statement("rows_named", table=name, columns=columns, key=key))


def _list_columns(table: str, *, bare: bool) -> str:
    """The columns of a table, with `bare` without the texts of attributes."""
    names = schema.BATCH_SCHEMAS[table].names
    return ", ".join("'{}' AS attributes" if bare and n == "attributes" else n for n in names)
