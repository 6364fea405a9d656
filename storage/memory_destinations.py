"""What the reference engine tells of single destinations (storage/destination_reads.py)."""

import polars as pl
import pyarrow as pa

from storage.destination_reads import (
    DESTINATION_ENDS,
    DESTINATION_TIMES,
    DESTINATIONS,
    ENDS_KEY,
    PLACE,
    Place,
)
from storage.memory_answers import handover_figures, largest_first, listed_handovers
from storage.memory_frames import Frames, arrow, equals
from storage.memory_read import between
from storage.queries import Buckets

_START = "start_time_unix_nano"


class MemoryDestinations:
    def _read(self) -> Frames:
        raise NotImplementedError

    def destinations(self, start: int | None, end: int | None) -> pa.Table:
        handovers = between(listed_handovers(self._read()), _START, start, end)
        named = {"producers": "producer_service_name", "consumers": "consumer_service_name"}
        groups = handover_figures(
            handovers,
            PLACE,
            first_seen_unix_nano=pl.min(_START),
            last_seen_unix_nano=pl.max(_START),
            **{name: pl.col(column).drop_nulls().unique().sort() for name, column in named.items()},
        )
        return largest_first(groups, DESTINATIONS, PLACE)

    def destination_times(self, place: Place, buckets: Buckets) -> pa.Table:
        handovers = between(
            at_place(listed_handovers(self._read()), place), _START, buckets.start, buckets.end
        ).with_columns(bucket=(pl.col(_START) - buckets.start) // buckets.size)
        return arrow(handover_figures(handovers, ["bucket"]).sort("bucket"), DESTINATION_TIMES)

    def destination_ends(self, place: Place, start: int | None, end: int | None) -> pa.Table:
        ends = between(at_place(self._read()["endpoints"], place), _START, start, end)
        groups = ends.group_by(ENDS_KEY).agg(
            count=pl.len(),
            error_count=pl.col("error").sum(),
            propagated=pl.col("relation").is_in(["parent", "link"]).sum(),
            last_start_unix_nano=pl.max(_START),
        )
        return largest_first(groups, DESTINATION_ENDS, ENDS_KEY)


def at_place(frame: pl.DataFrame, place: Place) -> pl.DataFrame:
    """The rows of this destination."""
    return frame.filter(equals({name: getattr(place, name) for name in PLACE}))
