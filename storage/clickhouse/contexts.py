"""What the ClickHouse engine tells of contexts that arrived (storage/context_reads.py)."""

import pyarrow as pa

from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.context_reads import ARRIVED_CONTEXTS, SENDERS
from storage.results import fit


class ContextReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def arrived_contexts(self, spans: int, limit: int) -> pa.Table:
        with self._database.read() as session:
            (newest,) = session.select(statement("newest_generations"), spans=spans).to_pylist()
            arrived = session.select(statement("arrived_contexts"), limit=limit, **newest)
            with session.given(arrived=arrived):
                return fit(session.select(statement("placed_contexts")), ARRIVED_CONTEXTS)

    def senders(self) -> pa.Table:
        with self._database.read() as session:
            return fit(session.select(statement("senders")), SENDERS)
