"""Queues, topics and buses one by one: part of storage/contract.py.

A destination is (system, destination, scope); null is a value like any other. Hand-overs are
those that `edges` counts; their time is when the consumer began, in [start, end), None for any.
"""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from storage.queries import Buckets
from storage.results import EDGES
from storage.schema import ENDPOINTS, I64, TEXT

PLACE = ["system", "destination", "scope"]
_COUNTS = ("count", "parent", "link", "stitch", "redeliveries", "dead_letters")
_WAITS = [EDGES.field(f"wait_p{q}_nano") for q in (50, 95, 99)]


def _counts(*names: str) -> "list[pa.Field[pa.DataType]]":
    return [pa.field(name, I64, nullable=False) for name in names]


DESTINATIONS = pa.schema(
    [
        *(EDGES.field(name) for name in PLACE),
        *_counts(*_COUNTS),
        *_WAITS,
        *_counts("first_seen_unix_nano", "last_seen_unix_nano"),
        pa.field("producers", pa.list_(TEXT), nullable=False),
        pa.field("consumers", pa.list_(TEXT), nullable=False),
    ]
)
DESTINATION_TIMES = pa.schema([*_counts("bucket", *_COUNTS), *_WAITS])
ENDS_KEY = [
    *("role", "environment", "service_namespace", "service_name", "service_version"),
    *("scope_name", "scope_version", "consumer_group"),
]
DESTINATION_ENDS = pa.schema(
    [
        *(ENDPOINTS.field(name) for name in ENDS_KEY),
        *_counts("count", "error_count", "propagated", "last_start_unix_nano"),
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """One destination."""

    system: str | None
    destination: str | None
    scope: str | None


class DestinationReads(Protocol):
    def destinations(self, start: int | None, end: int | None) -> pa.Table:
        """All of them: counts and waits as of `edges`, and the services that sent and received
        (sorted, without the nameless). Schema DESTINATIONS, largest count first."""
        ...

    def destination_times(self, place: Place, buckets: Buckets) -> pa.Table:
        """The same figures of one for each part of time that has a hand-over, by its number.
        Schema DESTINATION_TIMES, in order."""
        ...

    def destination_ends(self, place: Place, start: int | None, end: int | None) -> pa.Table:
        """Its endpoints that began in this time, counted by ENDS_KEY; of deliveries
        `propagated` are those by parent or link. Schema DESTINATION_ENDS, largest count
        first."""
        ...
