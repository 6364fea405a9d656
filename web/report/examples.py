"""What a group's page shows as proof: its orphan roots, and a hand-over that connected."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.contract import EndpointQuery, OrphanQuery, Page, SpanStore
from storage.results import ORPHAN_GROUP_KEY, Row
from storage.schema import SPAN_IDS
from web.errors import NotFoundError
from web.journeys.trace import trace_answer
from web.parameters import parse_trace_id
from web.report.comparing import Comparison, compare_consumers, split_lines
from web.report.group_rows import choose_near, count_roots, narrow_trends, read_groups
from web.report.groups import find_newest, group_objects, rows_of_groups
from web.report.views import group_key
from web.rows import identity_object, orphan_object, span_hex, trace_hex, trace_table
from web.shapes import CorrelationId, Group, Orphan
from web.site import Site
from web.trace_shapes import Span

_LOOKED_AT = 200
_LINKS = 20  # of a span, looked for


@dataclass(frozen=True, slots=True)
class Example:
    """The consumer of a connected hand-over of the same kind beside the newest broken one."""

    broken: Span
    connected: Span
    lines: tuple[Comparison, ...]
    alike: bool
    """One library recorded both, so that their attributes can be compared."""
    same_version: bool
    """Both were recorded by one version of the service: that did not break it."""

    @property
    def parts(self) -> list[tuple[str, list[Comparison]]]:
        return split_lines(self.lines)


def find_group(site: Site, key: str) -> Group:
    """By its key, or by one of its roots (`of-<trace id>-<span id>`). Its trend is of the time
    around its roots. Raises NotFoundError."""
    query = OrphanQuery(settled_before_unix_nano=site.settled_before())
    of_root = key.startswith("of-")
    wanted = _key_of_root(site.store, key) if of_root else key
    columns = [*ORPHAN_GROUP_KEY, "first_seen_unix_nano", "last_seen_unix_nano"]
    every = site.store.orphan_groups(query)
    for row in every.select(columns).to_pylist():
        named = {name: row[name] for name in ORPHAN_GROUP_KEY}
        edge = identity_object(row, consumer="service_name")
        key_of_row = group_key(row["cause_code"], edge, is_send=row["is_send"])
        if wanted in (key_of_row, tuple(named.values())):
            around = choose_near(
                row["first_seen_unix_nano"], row["last_seen_unix_nano"], site.store.status()
            )
            alike = replace(
                query,
                cause=row["cause_code"],
                service=row["service_name"],
                destination=row["destination"],
            )
            found = read_groups(site.store, alike, around)
            found, around = narrow_trends(site.store, alike, found, around)
            held = [each == named for each in found.select(ORPHAN_GROUP_KEY).to_pylist()]
            chosen, roots = found.filter(pa.array(held)), count_roots(every)
            newest = find_newest(site.store, query)
            for group in group_objects(site.store, chosen, around, roots, newest):
                return group
    raise NotFoundError(
        "group",
        "This span is no orphan root, or no longer: it connected when more spans came, or it"
        " was deleted."
        if of_root
        else "No stored root has this cause at this place any more. Either the roots were deleted,"
        " which retention does after a while, or more spans came and they connected, or showed"
        " another cause.",
    )


def find_sends(store: SpanStore, roots: Iterable[Orphan]) -> set[str]:
    """Span ids of those of these orphan roots that are sends themselves, which lost the work
    they belong to: nobody else sent their message."""
    traces = trace_table(sorted({parse_trace_id(root["trace_id"]) for root in roots}))
    rows = store.orphans_of(traces).to_pylist()
    sends = (row for row in rows if json.loads(row["facts"]).get("part") == "send")
    return {span_hex(row["span_id"]) for row in sends}


def _key_of_root(store: SpanStore, key: str) -> tuple[Any, ...] | None:
    """ORPHAN_GROUP_KEY of an orphan root's group."""
    trace_id, _, span_id = key.removeprefix("of-").partition("-")
    row = _row_of_root(store, trace_id, span_id)
    return None if row is None else tuple(row[name] for name in ORPHAN_GROUP_KEY)


def _row_of_root(store: SpanStore, trace_id: str, span_id: str) -> Row | None:
    traces = trace_table([parse_trace_id(trace_id)])
    rows = store.orphans_of(traces).to_pylist()
    return next((row for row in rows if span_hex(row["span_id"]) == span_id), None)


def orphans_of_group(site: Site, group: Group, most: int) -> list[Orphan]:
    """Newest first."""
    before = site.settled_before()
    query = OrphanQuery(
        cause=group["cause"]["code"],
        service=group["consumer_service"],
        destination=group["destination"],
        expected=group["expected"],
        start=group["first_seen"],
        end=group["last_seen"] + 1,
    )
    key = tuple(_of_row(group, name) for name in ORPHAN_GROUP_KEY)
    rows = rows_of_groups(site.store, query, {key}, Page(most))
    return [
        orphan_object(row, settled=row["stored_at_unix_nano"] < before)
        for row in rows.table.to_pylist()
    ]


def ids_of_orphans(store: SpanStore, orphans: Iterable[Orphan]) -> dict[str, CorrelationId]:
    """By trace id the correlation id that people know each by: of work before of a message."""
    traces = trace_table(sorted({parse_trace_id(orphan["trace_id"]) for orphan in orphans}))
    found: dict[str, CorrelationId] = {}
    rows = store.correlation_of(traces).to_pylist()
    for row in sorted(
        rows, key=lambda row: (row["key"].startswith("messaging."), row["key"], row["value"])
    ):
        trace = trace_hex(row["trace_hi"], row["trace_lo"])
        found.setdefault(trace, {"key": row["key"], "value": row["value"]})
    return found


def _of_row(group: Group, column: str) -> Any:
    """What a row of `orphan_groups` has there."""
    if column == "cause_code":
        return group["cause"]["code"]
    names = {"producer_service_name": "producer_service", "service_name": "consumer_service"}
    told: dict[str, Any] = {**group}
    return told[names.get(column, column)]


def connected_example(site: Site, group: Group) -> Example | None:
    """None when no hand-over of this kind ever connected. Of one of the versions that broke,
    where there is one: then it was not the version."""
    store = site.store
    ids = group["example"]
    broken = _span(store, ids["trace_id"], ids["span_id"])
    if broken is None:
        return None
    for version in dict.fromkeys([broken["service_version"], None]):
        end = _find_connected(store, group, version)
        if end is not None:
            connected = _span(store, *end)
            if connected is not None:
                alike = broken["scope"]["name"] == connected["scope"]["name"]
                missing = _missing(store, broken, connected)
                lines = compare_consumers(broken, connected, attributes=alike, missing=missing)
                return Example(broken, connected, tuple(lines), alike, version is not None)
    return None


def _find_connected(store: SpanStore, group: Group, version: str | None) -> tuple[str, str] | None:
    """Trace and span id of the newest."""
    query = EndpointQuery(
        role="process",
        environment=group["environment"],
        service_namespace=group["service_namespace"],
        system=group["system"],
        destination=group["destination"],
        service_name=group["consumer_service"],
        service_version=version,
        propagated=True,
    )
    for row in store.endpoints(query, _LOOKED_AT).to_pylist():
        alike = all(row[name] == group[name] for name in ("destination", "scope", "consumer_group"))
        producer = group["producer_service"] in (None, row["producer_service_name"])
        if alike and producer and row["service_name"] == group["consumer_service"]:
            return trace_hex(row["trace_hi"], row["trace_lo"]), span_hex(row["span_id"])
    return None


def _missing(store: SpanStore, *spans: Span) -> set[str]:
    """Ids of their parents and links that are not stored."""
    named = {(span["trace_id"], span["parent_span_id"]) for span in spans}
    named |= {(link["trace_id"], link["span_id"]) for s in spans for link in s["links"][:_LINKS]}
    told = {(trace, span) for trace, span in named if span}
    traces = sorted({(int(trace[:16], 16), int(trace[16:], 16)) for trace, _ in told})
    ids = store.spans_of(trace_table(traces), keys=False).spans.select(SPAN_IDS.names)
    wanted = pa.array(sorted({int(span, 16) for _, span in told}), pa.uint64())
    near = ids.filter(pc.is_in(ids["span_id"], value_set=wanted)).to_pylist()
    stored = {
        (trace_hex(row["trace_hi"], row["trace_lo"]), span_hex(row["span_id"])) for row in near
    }
    return {span for _, span in told - stored}


def _span(store: SpanStore, trace_id: str, span_id: str) -> Span | None:
    trace = trace_answer(store, parse_trace_id(trace_id), 0)["trace"]
    return next((span for span in trace["spans"] if span["span_id"] == span_id), None)
