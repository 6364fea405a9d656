"""What is broken, as the pages say it: groups of orphan roots and destinations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from web.shapes import Edge, Group, Orphan
from web.trace_shapes import Span
from web.words import stable_key


@dataclass(frozen=True, slots=True)
class GroupView:
    group: Group
    key: str  # for its address
    broken: int
    total: int
    share: str  # per cent, for the bar
    telling: str  # the finding that says most, in words


@dataclass(frozen=True, slots=True)
class Report:
    broken: tuple[GroupView, ...]  # settled, nobody expects them
    unsettled: tuple[GroupView, ...]  # may still connect
    expected: tuple[GroupView, ...]
    healthy: int  # kinds of hand-over that all connect


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the proof: what a broken and a connected hand-over say."""

    field: str
    broken: str
    connected: str

    @property
    def differs(self) -> bool:
        return self.broken != self.connected


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


def group_key(group: Group) -> str:
    return stable_key(
        group["cause"]["code"],
        group["environment"],
        group["service_namespace"],
        group["producer_service"],
        group["system"],
        group["destination"],
        group["scope"],
        group["consumer_service"],
        group["consumer_group"],
    )


def group_key_of_orphan(orphan: Orphan) -> str:
    """An address that leads to the group: its page knows the producer, an orphan root
    does not, so this names the root and the page looks the group up."""
    return f"of-{orphan['trace_id']}-{orphan['span_id']}"


def make_report(groups: Sequence[Group], edges: Sequence[Edge]) -> Report:
    views = [view_group(group) for group in groups]
    quiet = [view for view in views if view.group["expected"]]
    loud = [view for view in views if not view.group["expected"]]
    return Report(
        broken=tuple(view for view in loud if view.group["settled_count"]),
        unsettled=tuple(view for view in loud if not view.group["settled_count"]),
        expected=tuple(quiet),
        healthy=sum(edge["count"] == edge["connected"] for edge in edges),
    )


def view_group(group: Group) -> GroupView:
    total = group["count"] + group["connected"]
    return GroupView(
        group=group,
        key=group_key(group),
        broken=group["count"],
        total=total,
        share=f"{100 * group['count'] / max(total, 1):.2f}%",
        telling=_tell(group),
    )


def _tell(group: Group) -> str:
    """That no context arrived is true of every group, and an id is of one message; what else
    was found tells more."""
    told_last = ("parent_span_id", "messaging.message.id")
    findings = sorted(group["evidence"], key=lambda finding: finding["field"] in told_last)
    best = next((each for each in findings if each["field"] == "producer"), None)
    if best is not None:
        return f"{best['meaning']}: {best['value']}"
    return findings[0]["meaning"] if findings else ""


def holds_orphan(group: Group, orphan: Orphan) -> bool:
    """Whether the root may be counted in this group (its producer is not compared)."""
    return (
        group["cause"]["code"] == orphan["cause"]["code"]
        and group["system"] == orphan["system"]
        and group["destination"] == orphan["destination"]
        and group["scope"] == orphan["scope"]
        and group["consumer_service"] == orphan["service_name"]
        and group["consumer_group"] == orphan["consumer_group"]
        and group["environment"] == orphan["environment"]
        and group["service_namespace"] == orphan["service_namespace"]
    )


def compare_consumers(broken: Span, connected: Span) -> list[Comparison]:
    """The consumers of a broken and a connected hand-over, side by side."""
    return [
        Comparison(
            name,
            _say(broken, name),
            _say(connected, name),
        )
        for name in ("parent", "links", "service version", "instrumentation", "attributes")
    ]


def _say(span: Span, name: str) -> str:
    if name == "parent":
        return "yes" if span["parent_span_id"] else "none"
    if name == "links":
        return str(len(span["links"])) if span["links"] else "none"
    if name == "service version":
        return span["service_version"] or "not recorded"
    if name == "instrumentation":
        return f"{span['scope']['name'] or 'unnamed'} {span['scope']['version']}".strip()
    kept = sorted(key for key in span["attributes"] if key.startswith("messaging."))
    return ", ".join(key.removeprefix("messaging.") for key in kept) or "none of messaging.*"


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
