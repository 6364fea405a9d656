"""What the ClickHouse engine tells the analysis: what is new, and what shares its keys."""

import pyarrow as pa

from storage import results, schema
from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.join_keys import KINDS
from storage.results import fit


class AnalysisReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def traces_since(self, generation: int, limit: int) -> tuple[pa.Table, int]:
        with self._database.read() as session:
            complete = session.snapshot.spans.complete
            text = statement("complete_generation")
            values = {"after": generation, "complete": complete, "limit": max(limit, 1)}
            found = session.select(text, **values)["generation"][0].as_py()
            if found is None:
                return schema.TRACE_IDS.empty_table(), max(generation, complete)
            text = statement("traces_since")
            traces = session.select(text, after=generation, upto=found, work=KINDS["work"])
        return fit(traces, schema.TRACE_IDS), found

    def related_traces(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(statement("related_traces"), hot_key_limit=hot_key_limit)
        return fit(found, schema.TRACE_IDS)

    def hot_keys(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(statement("hot_keys"), hot_key_limit=hot_key_limit)
        return fit(found, results.KEY_HASHES)

    def heated_traces(self, hot: pa.Table, hot_key_limit: int, after: int, upto: int) -> pa.Table:
        values = {"hot_key_limit": hot_key_limit, "after": after, "upto": upto}
        with self._database.read() as session, session.given(hot=hot):
            found = session.select(statement("heated_traces"), **values)
        return fit(found, schema.TRACE_IDS)
