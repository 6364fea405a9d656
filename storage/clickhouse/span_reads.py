"""What the ClickHouse engine tells of spans by their traces."""

import pyarrow as pa

from storage import schema
from storage.clickhouse.database import Database, Session
from storage.clickhouse.nesting import NESTED, read_nested
from storage.clickhouse.statements import statement
from storage.results import fit
from storage.schema import SpanBatch

_WANTED = "(trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)"


class SpanReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        return self._read_batch(traces, bare=True)

    def spans_of(self, traces: pa.Table, *, keys: bool = True) -> SpanBatch:
        return self._read_batch(traces, bare=False, keys=keys)

    def traces_of_span(self, span_id: int) -> pa.Table:
        text = "SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE span_id = $span_id"
        with self._database.read() as session:
            return fit(session.select(text, span_id=span_id), schema.TRACE_IDS)

    def _read_batch(self, traces: pa.Table, *, bare: bool, keys: bool = False) -> SpanBatch:
        columns = _list_columns("spans", bare=bare)
        with self._database.read() as session, session.given(wanted=traces):
            tables = {"spans": session.select(statement("spans_of", columns=columns))}
            for name in NESTED:
                tables[name] = read_parts(session, name, _WANTED, bare=bare)
            if keys:
                tables["keys"] = session.select(statement("keys_of"))
            else:
                tables["keys"] = schema.KEYS.empty_table()
            for name, key, by in (
                ("resources", "resource_id", "spans"),
                ("scopes", "scope_id", "spans"),
                ("correlation", "correlation_id", "spans"),
                ("shapes", "shape_id", "messaging"),
            ):
                columns = _list_columns(name, bare=bare and name == "scopes")
                tables[name] = _read_named(session, name, columns, key, tables[by])
        return SpanBatch(**{n: fit(tables[n], rows) for n, rows in schema.BATCH_SCHEMAS.items()})


def read_parts(session: Session, table: str, which: str, *, bare: bool = False) -> pa.Table:
    """The rows of one of NESTED under the spans that meet a condition."""
    return session.select(statement("parts_of", which=which, **read_nested(table, bare=bare)))


def _read_named(session: Session, name: str, columns: str, key: str, found: pa.Table) -> pa.Table:
    with session.given(found=found.select([key])):
        return session.select(statement("rows_named", table=name, columns=columns, key=key))


def _list_columns(table: str, *, bare: bool) -> str:
    """The columns of a table, with `bare` without the texts of attributes."""
    names = schema.BATCH_SCHEMAS[table].names
    return ", ".join("'{}' AS attributes" if bare and n == "attributes" else n for n in names)
