"""Requests and the root sends beside them, in ClickHouse (storage/request_reads.py)."""

import pyarrow as pa

from storage import schema
from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.paging import within_i64
from storage.request_reads import RequestBounds
from storage.results import fit


class RequestReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def requests_beside(self, sends: pa.Table, bounds: RequestBounds) -> pa.Table:
        if not sends.num_rows:
            return schema.TRACE_IDS.empty_table()
        starts: list[int] = sends["start_time_unix_nano"].to_pylist()  # type: ignore[assignment] # never null
        with self._database.read() as session, session.given(sends=sends):
            found = session.select(
                statement("requests_beside"),
                within=bounds.within,
                after=bounds.after,
                latest=bounds.latest,
                first=min(starts) - bounds.within,
                last=max(starts),
            )
        return fit(found, schema.TRACE_IDS)

    def sends_beside(
        self, after: int, upto: int, traces: pa.Table, bounds: RequestBounds
    ) -> pa.Table:
        with self._database.read() as session:
            with session.given(wanted=traces):
                text = statement("running_requests")
                requests = session.select(text, after_generation=after, upto=upto)
            if not requests.num_rows:
                return schema.TRACE_IDS.empty_table()
            began: list[int] = requests["began"].to_pylist()  # type: ignore[assignment] # never null
            with session.given(requests=requests):
                found = session.select(
                    statement("sends_beside"),
                    within=bounds.within,
                    after=bounds.after,
                    first=min(began),
                    last=within_i64(max(began) + bounds.within),
                )
        return fit(found, schema.TRACE_IDS)
