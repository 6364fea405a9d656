"""Queues, topics and buses with all their hand-overs, as the pages say it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from web.shapes import Edge


@dataclass(frozen=True, slots=True)
class DestinationView:
    """A queue, topic or bus with all its hand-overs. Waits in ns: the worst edge's."""

    system: str | None
    scope: str | None
    name: str
    edges: tuple[Edge, ...]
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    count: int
    connected: int
    wait_p50_nano: int | None
    wait_p95_nano: int | None
    redeliveries: int
    dead_letters: int
    address: str


def list_destinations(edges: Iterable[Edge]) -> list[DestinationView]:
    """By count, most first."""
    found: dict[tuple[str | None, str | None, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        name = edge["destination"] or ""
        found[(edge["system"], edge["scope"], name)].append(edge)
    views = [_destination(*key, members) for key, members in found.items()]
    return sorted(views, key=lambda view: (-view.count, view.name))


def destination_address(system: str | None, scope: str | None, name: str | None) -> str:
    given = {"system": system, "scope": scope, "name": name}
    kept = {key: value for key, value in given.items() if value}
    return f"/destinations?{urlencode(kept, errors='replace')}"


def _destination(
    system: str | None, scope: str | None, name: str, edges: list[Edge]
) -> DestinationView:
    return DestinationView(
        system=system,
        scope=scope,
        name=name or "unknown destination",
        edges=tuple(sorted(edges, key=lambda edge: -edge["count"])),
        producers=_services(edge["producer_service"] for edge in edges),
        consumers=_services(edge["consumer_service"] for edge in edges),
        count=sum(edge["count"] for edge in edges),
        connected=sum(edge["connected"] for edge in edges),
        wait_p50_nano=_largest(edge["wait_p50_nano"] for edge in edges),
        wait_p95_nano=_largest(edge["wait_p95_nano"] for edge in edges),
        redeliveries=sum(edge["redeliveries"] for edge in edges),
        dead_letters=sum(edge["dead_letters"] for edge in edges),
        address=destination_address(system, scope, name),
    )


def _services(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


def _largest(waits: Iterable[int | None]) -> int | None:
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None
