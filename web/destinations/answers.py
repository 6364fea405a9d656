"""Destinations: tables of the store in, objects of web/destinations/shapes.py out.

All functions block on the store.
"""

from collections.abc import Iterable
from typing import Any

from analyzer.unreceived import list_unreceived
from storage.contract import Buckets, EndpointQuery, SpanStore, StoreStatus
from storage.destination_reads import DESTINATIONS, PLACE, Place
from storage.results import Row
from web.destinations.shapes import (
    Client,
    DestinationDetail,
    DestinationSummary,
    Figures,
    StuckMessage,
    TimedFigures,
)
from web.errors import NotFoundError
from web.flow_map.flows import SHORTEST_NANO
from web.rows import span_ref
from web.trends import SECOND, choose_buckets

# Of each kind of send so many of the newest are looked at for messages that are stuck.
SENDS_LOOKED_AT = 2_000
_KINDS = 50
# The same for the list of all destinations.
_SENDS_OF_ALL, _ALL_KINDS = 300, 1_000
MOST_STUCK = 50

Range = tuple[int | None, int | None]


def list_destinations(store: SpanStore, asked: Range) -> list[DestinationSummary]:
    """The largest count first. Raises StoreError."""
    return [_summary(row, asked) for row in store.destinations(*asked).to_pylist()]


def choose_places(
    store: SpanStore,
    found: Iterable[DestinationSummary],
    system: str | None,
    scope: str | None,
    name: str,
) -> list[DestinationSummary]:
    """Those that the address may mean: the one that is exactly so, else all that agree in what
    it says. One that was only sent to, or only read from, has no hand-over and counts nothing.
    Raises NotFoundError."""
    named = [each for each in found if each["destination"] == name]
    exact = [each for each in named if (each["system"], each["scope"]) == (system, scope)]
    close = exact or [
        each
        for each in named
        if system in (None, each["system"]) and scope in (None, each["scope"])
    ]
    if close:
        return close
    ends = store.endpoints(EndpointQuery(destination=name, system=system), 1).to_pylist()
    if not ends:
        raise NotFoundError("name", f"No stored message went through a destination named {name}.")
    return [_silent(ends[0])]


def _silent(end: Row) -> DestinationSummary:
    nothing: dict[str, Any] = dict.fromkeys(DESTINATIONS.names, 0) | {
        "producers": [],
        "consumers": [],
    }
    unknown = dict.fromkeys(
        [f"wait_p{q}_nano" for q in (50, 95, 99)] + ["first_seen_unix_nano", "last_seen_unix_nano"]
    )
    return _summary({**nothing, **unknown, **{name: end[name] for name in PLACE}}, (None, None))


def describe_destination(
    store: SpanStore, summary: DestinationSummary, asked: Range
) -> DestinationDetail:
    """Raises StoreError."""
    place = Place(summary["system"], summary["destination"], summary["scope"])
    status = store.status()
    first = (summary["first_seen"] or 0) if asked[0] is None else asked[0]
    last = (summary["last_seen"] or 0) if asked[1] is None else asked[1] - 1
    buckets = choose_buckets(max(first, 0), max(last, first, 0))
    ends = store.destination_ends(place, *asked).to_pylist()
    stuck = _stuck(store, place, status)
    return {
        **summary,
        "times": [
            _timed(row, buckets) for row in store.destination_times(place, buckets).to_pylist()
        ],
        "clients": [_client(row) for row in ends],
        "stuck": stuck[:MOST_STUCK],
        "stuck_count": len(stuck),
    }


def oldest_waiting(store: SpanStore) -> dict[Place, tuple[int, int]]:
    """Of each destination with messages that nobody received, though later ones were: how many,
    and when the one that has waited longest was sent (ns). Raises StoreError."""
    sends = store.recent_sends(_SENDS_OF_ALL, _ALL_KINDS)
    found: dict[Place, tuple[int, int]] = {}
    for row in list_unreceived(sends, store.unconnected_deliveries()).iter_rows(named=True):
        place = Place(row["system"], row["destination"], row["scope"])
        count, oldest = found.get(place, (0, row["end_time_unix_nano"]))
        found[place] = (count + 1, oldest)
    return found


def _stuck(store: SpanStore, place: Place, status: StoreStatus) -> list[StuckMessage]:
    sends = store.recent_sends(SENDS_LOOKED_AT, _KINDS, place)
    rows = list_unreceived(sends, store.unconnected_deliveries())
    newest = status.newest_unix_nano or 0
    return [
        {
            **span_ref(row),
            "service_name": row["service_name"],
            "span_name": row["span_name"],
            "sent_at": row["end_time_unix_nano"],
            "waiting_nano": max(newest - row["end_time_unix_nano"], 0),
        }
        for row in rows.iter_rows(named=True)
    ]


def _figures(row: Row) -> Figures:
    return {
        "count": row["count"],
        "connected": row["parent"] + row["link"],
        "stitched": row["stitch"],
        "wait_p50_nano": row["wait_p50_nano"],
        "wait_p95_nano": row["wait_p95_nano"],
        "wait_p99_nano": row["wait_p99_nano"],
        "redeliveries": row["redeliveries"],
        "dead_letters": row["dead_letters"],
    }


def _summary(row: Row, asked: Range) -> DestinationSummary:
    first, last = row["first_seen_unix_nano"], row["last_seen_unix_nano"]
    start = (first or 0) if asked[0] is None else asked[0]
    end = (last or 0) if asked[1] is None else asked[1]
    shortest = SHORTEST_NANO if None in asked else SECOND
    return {
        "system": row["system"],
        "destination": row["destination"],
        "scope": row["scope"],
        **_figures(row),
        "producers": row["producers"],
        "consumers": row["consumers"],
        "first_seen": first,
        "last_seen": last,
        "per_second": round(row["count"] * SECOND / max(end - start, shortest), 6),
    }


def _timed(row: Row, buckets: Buckets) -> TimedFigures:
    start = buckets.start + row["bucket"] * buckets.size
    return {"from": start, "to": start + buckets.size, **_figures(row)}


def _client(row: Row) -> Client:
    return {
        "role": row["role"],
        "service_name": row["service_name"],
        "service_namespace": row["service_namespace"],
        "environment": row["environment"],
        "service_version": row["service_version"],
        "library": row["scope_name"],
        "library_version": row["scope_version"],
        "consumer_group": row["consumer_group"],
        "count": row["count"],
        "error_count": row["error_count"],
        "propagated": row["propagated"],
        "last_seen": row["last_start_unix_nano"],
    }
