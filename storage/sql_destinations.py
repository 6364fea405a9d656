"""What engines of SQL tell of single destinations (storage/destination_reads.py)."""

import pyarrow as pa

from storage.conditions import between, in_order, placed
from storage.destination_reads import (
    DESTINATION_ENDS,
    DESTINATION_TIMES,
    DESTINATIONS,
    ENDS_KEY,
    PLACE,
    Place,
)
from storage.paging import within_i64
from storage.queries import Buckets
from storage.sql_reads import Sql


class DestinationReader:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def destinations(self, start: int | None, end: int | None) -> pa.Table:
        names = self._handovers("true") | {"order": in_order(PLACE)}
        return self._sql.ask(DESTINATIONS, "destinations", names, **between(start, end))

    def destination_times(self, place: Place, buckets: Buckets) -> pa.Table:
        condition, values = placed(place)
        return self._sql.ask(
            DESTINATION_TIMES,
            "destination_times",
            self._handovers(condition),
            first=within_i64(buckets.start),
            size=within_i64(buckets.size),
            **between(buckets.start, buckets.end),
            **values,
        )

    def destination_ends(self, place: Place, start: int | None, end: int | None) -> pa.Table:
        condition, values = placed(place)
        names = {"placed": condition, "key": ", ".join(ENDS_KEY), "order": in_order(ENDS_KEY)}
        return self._sql.ask(
            DESTINATION_ENDS, "destination_ends", names, **between(start, end), **values
        )

    def _handovers(self, condition: str) -> dict[str, str]:
        return {
            "handovers": self._sql.statement("placed_handovers", placed=condition),
            "figures": self._sql.statement("handover_figures"),
        }
