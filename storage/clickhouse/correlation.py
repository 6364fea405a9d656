"""What the ClickHouse engine tells of correlation ids and of services."""

import pyarrow as pa

from storage import results, schema
from storage.clickhouse.database import Database, Session
from storage.clickhouse.statements import statement
from storage.join_keys import hash_key
from storage.results import fit


class CorrelationReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def spans_with_correlation(self, key: str, value: str) -> pa.Table:
        with self._database.read() as session:
            found = carriers_of(session, key, value)
        spans = found.select(schema.SPAN_IDS.names)
        return fit(spans.group_by(schema.SPAN_IDS.names).aggregate([]), schema.SPAN_IDS)

    def traces_with_correlation(self, key: str, value: str) -> pa.Table:
        return self.spans_with_correlation(key, value).select(schema.TRACE_IDS.names)

    def correlation_of(self, traces: pa.Table) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            return fit(session.select(statement("correlation_of")), results.TRACE_CORRELATION)

    def recent_correlation(self, key: str, limit: int) -> list[str]:
        with self._database.read() as session:
            found = session.select(statement("recent_correlation"), key=key, limit=limit)
        return [str(value) for value in found["value"].to_pylist()]

    def correlation_keys(self) -> list[str]:
        with self._database.read() as session:
            found = session.select(statement("correlation_keys"))
        return [str(key) for key in found["key"].to_pylist()]

    def services(self) -> list[str]:
        with self._database.read() as session:
            found = session.select(statement("services"))
        return [str(name) for name in found["service_name"].to_pylist()]


def carriers_of(session: Session, key: str, value: str) -> pa.Table:
    """PART rows of the spans that carry the canonical key with this value. The hash finds
    traces, their sets are looked through for key and value: hashes can be made to collide."""
    hashed = hash_key("correlation", key, value)
    return session.select(statement("carriers"), key_hash=hashed, key=key, value=value)
