"""Requests and the root sends beside them, in DuckDB (storage/request_reads.py)."""

import polars as pl
import pyarrow as pa

from storage import schema
from storage.duckdb_database import Database
from storage.duckdb_places import RowPlaces
from storage.duckdb_statements import statement
from storage.request_reads import RequestBounds
from storage.results import fit


class RequestReader:
    def __init__(self, database: Database, spans: RowPlaces) -> None:
        self._database, self._span_places = database, spans

    def requests_beside(self, sends: pa.Table, bounds: RequestBounds) -> pa.Table:
        if not sends.num_rows:
            return schema.TRACE_IDS.empty_table()
        starts = pl.DataFrame(sends)["start_time_unix_nano"].to_list()
        with self._database.read() as session, session.given(sends=sends):
            found = session.select(
                statement("requests_beside"),
                within=bounds.within,
                after=bounds.after,
                latest=bounds.latest,
                first=min(starts),
                last=max(starts),
            )
        return fit(found, schema.TRACE_IDS)

    def sends_beside(
        self, after: int, upto: int, traces: pa.Table, bounds: RequestBounds
    ) -> pa.Table:
        within = self._span_places.within(traces["trace_lo"])
        with self._database.read() as session, session.given(wanted=traces):
            found = session.select(
                statement("sends_beside", within_spans=within),
                within=bounds.within,
                after=bounds.after,
                after_generation=after,
                upto=upto,
            )
        return fit(found, schema.TRACE_IDS)
