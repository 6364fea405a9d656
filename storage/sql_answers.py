"""What engines of SQL tell alike of the analyzer's answers."""

from dataclasses import asdict

import pyarrow as pa

from storage import results, schema
from storage.conditions import alike, grouping, of_orphans
from storage.paging import within_i64
from storage.queries import EVERY_ORPHAN, NO_BUCKETS, Buckets, EndpointQuery, OrphanQuery
from storage.sql_reads import Sql


class SqlAnswers:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def orphan_groups(
        self, query: OrphanQuery = EVERY_ORPHAN, buckets: Buckets = NO_BUCKETS
    ) -> pa.Table:
        names = grouping(results.ORPHAN_GROUP_KEY) | {
            "same": alike("chosen", results.ORPHAN_GROUP_KEY),
            "alike": alike("delivery", results.GROUP_EDGE),
            "shown": ", ".join(f"told.{name}" for name in results.ORPHAN_GROUP_KEY),
        }
        # To plan this costs DuckDB as much as to count ten thousand roots.
        return self._sql.look_up(
            results.ORPHAN_GROUPS,
            "orphan_groups",
            names,
            first=within_i64(buckets.start),
            past=within_i64(buckets.end),
            size=within_i64(buckets.size),
            buckets=buckets.count,
            **of_orphans(query),
        )

    def edges(self) -> pa.Table:
        names = {"figures": self._sql.statement("handover_figures")}
        return self._sql.ask(results.EDGES, "edges", names | grouping(results.EDGE_KEY))

    def endpoint_facts(self) -> pa.Table:
        key = grouping(results.ENDPOINT_KEY)
        return self._sql.ask(results.ENDPOINT_FACTS, "endpoint_facts", key)

    def endpoints(self, query: EndpointQuery, limit: int) -> pa.Table:
        values = asdict(query) | {"start": within_i64(query.start), "end": within_i64(query.end)}
        unconnected = self._sql.statement("unconnected") if values.pop("unconnected") else ""
        names = {"unconnected": unconnected}
        return self._sql.ask(schema.ENDPOINTS, "endpoints", names, limit=limit, **values)
