"""What the DuckDB engine tells of single destinations (storage/destination_reads.py)."""

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
from storage.duckdb_database import Database
from storage.duckdb_statements import statement
from storage.paging import within_i64
from storage.queries import Buckets
from storage.results import fit

_FIGURES = statement("handover_figures")


class DestinationReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    def destinations(self, start: int | None, end: int | None) -> pa.Table:
        text = statement(
            "destinations",
            handovers=statement("placed_handovers", placed="true"),
            figures=_FIGURES,
            order=in_order(PLACE),
        )
        with self._database.read() as session:
            return fit(session.select(text, **between(start, end)), DESTINATIONS)

    def destination_times(self, place: Place, buckets: Buckets) -> pa.Table:
        condition, values = placed(place)
        handovers = statement("placed_handovers", placed=condition)
        text = statement("destination_times", handovers=handovers, figures=_FIGURES)
        with self._database.read() as session:
            found = session.select(
                text,
                first=within_i64(buckets.start),
                size=within_i64(buckets.size),
                **between(buckets.start, buckets.end),
                **values,
            )
        return fit(found, DESTINATION_TIMES)

    def destination_ends(self, place: Place, start: int | None, end: int | None) -> pa.Table:
        condition, values = placed(place)
        text = statement(
            "destination_ends", placed=condition, key=", ".join(ENDS_KEY), order=in_order(ENDS_KEY)
        )
        with self._database.read() as session:
            return fit(session.select(text, **between(start, end), **values), DESTINATION_ENDS)
