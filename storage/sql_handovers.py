"""What engines of SQL tell alike of hand-overs in the large (storage/handover_reads.py)."""

import pyarrow as pa

from storage.conditions import equals, grouping
from storage.handover_reads import (
    DELIVERY_STARTS,
    HANDOVER_COUNTS,
    NOTED,
    NOTED_KEY,
    ORPHAN_COUNTS,
    ORPHAN_COUNTS_KEY,
    SERVICE_KEY,
    SPELL_KEY,
    TRAFFIC,
    UNCONNECTED,
    UNCONNECTED_SERVICES,
    Channel,
)
from storage.paging import within_i64
from storage.results import EDGE_KEY
from storage.sql_reads import Sql


class SqlHandovers:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def handover_counts(self, since_unix_nano: int, settled_before_unix_nano: int) -> pa.Table:
        return self._sql.ask(
            HANDOVER_COUNTS,
            "handover_counts",
            grouping(EDGE_KEY),
            since=within_i64(since_unix_nano),
            settled_before=within_i64(settled_before_unix_nano),
        )

    def orphan_counts(self, settled_before_unix_nano: int) -> pa.Table:
        return self._sql.ask(
            ORPHAN_COUNTS,
            "orphan_counts",
            grouping(ORPHAN_COUNTS_KEY),
            settled_before=within_i64(settled_before_unix_nano),
        )

    def unconnected_deliveries(self) -> pa.Table:
        return self._sql.ask(UNCONNECTED, "unconnected_deliveries")

    def traffic(self, channel: Channel) -> pa.Table:
        on, values = equals(channel._asdict(), "on")
        return self._sql.ask(TRAFFIC, "traffic", {"on": on}, **values)

    def unconnected_services(self, since_unix_nano: int) -> pa.Table:
        return self._sql.ask(
            UNCONNECTED_SERVICES,
            "unconnected_services",
            {"key": ", ".join(SERVICE_KEY)},
            since=within_i64(since_unix_nano),
        )

    def noted_handovers(self) -> pa.Table:
        return self._sql.ask(NOTED, "noted_handovers", grouping(NOTED_KEY))

    def delivery_starts(self) -> pa.Table:
        return self._sql.ask(DELIVERY_STARTS, "delivery_starts", {"key": ", ".join(SPELL_KEY)})
