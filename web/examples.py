"""What a group's page shows as proof: its orphan roots, and a hand-over that connected."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from web import answers
from web.errors import NotFoundError
from web.parameters import parse_trace_id
from web.reports import (
    Comparison,
    compare_consumers,
    group_key,
    holds_orphan,
)
from web.shapes import Connection, Group, Orphan
from web.site import Site
from web.trace_shapes import Span
from web.traces import trace_answer

_ALL = Page(1000)
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Example:
    """A connected hand-over of the same kind beside the newest broken one."""

    connection: Connection
    broken: Span
    lines: tuple[Comparison, ...]


def find_group(site: Site, key: str) -> Group:
    """By its key, or by one of its roots (`of-<trace id>-<span id>`). Raises NotFoundError."""
    groups = answers.orphan_groups_answer(site.store, _ALL, site.settled_before())["groups"]
    for group in groups:
        if group_key(group) == key:
            return group
    mark, _, ids = key.partition("-")
    trace_id, _, span_id = ids.partition("-")
    if mark == "of":
        query = OrphanQuery(
            trace=parse_trace_id(trace_id), settled_before_unix_nano=site.settled_before()
        )
        roots = answers.orphans_answer(site.store, query, _ALL)["orphans"]
        for root in roots:
            if root["span_id"] == span_id:
                for group in groups:
                    if holds_orphan(group, root):
                        return group
    raise NotFoundError(
        "group", "No hand-over is broken in this way now: it may have been repaired."
    )


def orphans_of_group(site: Site, group: Group) -> Iterator[Orphan]:
    """Newest first."""
    query = OrphanQuery(
        cause=group["cause"]["code"],
        service=group["consumer_service"],
        destination=group["destination"],
        settled_before_unix_nano=site.settled_before(),
    )
    found = answers.orphans_answer(site.store, query, _ALL)["orphans"]
    return (orphan for orphan in found if holds_orphan(group, orphan))


def connected_example(site: Site, group: Group) -> Example | None:
    """None when no hand-over of this kind ever connected."""
    if group["destination"] is None or group["consumer_service"] is None:
        return None
    query = ConnectionQuery(
        destination=group["destination"], service=group["consumer_service"], relation="parent"
    )
    for relation in ("parent", "link"):
        asked = replace(query, relation=relation)
        found = answers.connections_answer(site.store, asked, Page(_LOOKED_AT))["connections"]
        for connection in found:
            if connection["consumer"]["service_name"] == group["consumer_service"] and group[
                "producer_service"
            ] in (None, connection["producer"]["service_name"]):
                return _compare(site, group, connection)
    return None


def _compare(site: Site, group: Group, connection: Connection) -> Example | None:
    before = site.settled_before()
    end = connection["consumer"]
    broken = _span(site.store, group["example"]["trace_id"], group["example"]["span_id"], before)
    connected = _span(site.store, end["trace_id"], end["span_id"], before)
    if broken is None or connected is None:
        return None
    return Example(connection, broken, tuple(compare_consumers(broken, connected)))


def _span(store: SpanStore, trace_id: str, span_id: str, settled_before: int) -> Span | None:
    trace = trace_answer(store, parse_trace_id(trace_id), settled_before)["trace"]
    return next((span for span in trace["spans"] if span["span_id"] == span_id), None)
