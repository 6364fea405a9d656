"""Groups of orphan roots, and what connected beside them, told by ClickHouse."""

from collections.abc import Sequence

import pyarrow as pa

from storage import results
from storage.clickhouse.database import Database
from storage.clickhouse.statements import statement
from storage.conditions import alike, grouping, of_orphans
from storage.paging import within_i64
from storage.queries import EVERY_ORPHAN, NO_BUCKETS, Buckets, OrphanQuery
from storage.results import fit


def _columns(table: str, names: Sequence[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


class GroupReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def orphan_groups(
        self, query: OrphanQuery = EVERY_ORPHAN, buckets: Buckets = NO_BUCKETS
    ) -> pa.Table:
        text = statement(
            "orphan_groups",
            **grouping(results.ORPHAN_GROUP_KEY),
            alike=alike("delivery", results.GROUP_EDGE),
            shown=_columns("told", results.ORPHAN_GROUP_KEY),
        )
        with self._database.read() as session:
            found = session.select(
                text,
                first=within_i64(buckets.start),
                past=within_i64(buckets.end),
                size=within_i64(buckets.size),
                buckets=buckets.count,
                **of_orphans(query),
            )
        return fit(found, results.ORPHAN_GROUPS)
