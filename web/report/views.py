"""What is broken, as the pages say it: groups of orphan roots."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from analyzer.breakages import STATES, State
from web.report.findings import order_findings
from web.report.groups import NOT_INSTRUMENTED
from web.shapes import Finding, Group, Identity, Orphan, Summary
from web.trends import TrendView, draw_trend
from web.words import join_words, say_count, say_plural, say_service, stable_key

Order = Literal["newest", "most", "share"]
ORDERS: dict[Order, str] = {
    "newest": "newest breakage",
    "most": "most broken",
    "share": "largest share",
}
_MINUTE = 60 * 1_000_000_000
_ORDERS: dict[Order, Callable[[Group], tuple[float, ...]]] = {
    # what began to break in the same minute has one reason: then the larger one counts
    "newest": lambda group: (-(group["first_bad"] // _MINUTE), -group["count"]),
    "most": lambda group: (-group["count"], -group["first_bad"]),
    "share": lambda group: (
        -group["count"] / count_deliveries(group),
        -group["count"],
    ),
}


@dataclass(frozen=True, slots=True)
class GroupView:
    group: Group
    key: str  # for its address
    broken: int
    total: int  # deliveries of its edge: broken, of other causes, connected
    share: str  # per cent, for the bar
    beside: str  # what became of the others, in words
    findings: tuple[Finding, ...]  # the one that says most first
    change: str  # since which version, that it never connected, or nothing
    trend: TrendView


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """Expected groups that one line tells: those of one destination, or those of a service
    that never connected because its producers are not instrumented."""

    name: str
    title: str
    codes: tuple[str, ...]
    who: str
    count: int
    last_seen: int
    address: str
    silent: bool  # its producers are not instrumented


@dataclass(frozen=True, slots=True)
class Report:
    broken: tuple[GroupView, ...]  # settled, nobody expects them, not healed
    unsettled: tuple[GroupView, ...]  # may still connect
    healed: tuple[GroupView, ...]
    expected: tuple[ExpectedLine, ...]
    expected_edges: tuple[GroupView, ...]  # the same, of each edge
    broken_edges: int  # an edge may have several causes
    silent_edges: int  # of these, those of which no hand-over began since
    healed_edges: int
    healthy: int  # kinds of hand-over that all connect
    sentence: str  # the whole in one line
    silent: str  # how many producers are not instrumented, or nothing


def group_key(cause: str, edge: Identity, *, is_send: bool = False) -> str:
    """The end of the address of a group: of orphan roots of a cause, at an edge."""
    return stable_key(
        cause,
        edge["environment"],
        edge["service_namespace"],
        edge["producer_service"],
        edge["system"],
        edge["destination"],
        edge["scope"],
        edge["consumer_service"],
        edge["consumer_group"],
        *(["send"] if is_send else []),
    )


def _key_of(group: Group) -> str:
    return group_key(group["cause"]["code"], group, is_send=group["is_send"])


def group_key_of_orphan(orphan: Orphan) -> str:
    """An address that leads to the group: its page knows the producer, an orphan root
    does not, so this names the root and the page looks the group up."""
    return f"of-{orphan['trace_id']}-{orphan['span_id']}"


def make_report(
    groups: Sequence[Group], summary: Summary, *, order: Order = "newest", folded: bool = True
) -> Report:
    """With `folded` expected groups are told by destination, else one by one."""
    views: dict[State, list[GroupView]] = {state: [] for state in STATES}
    for group in sorted(groups, key=_ORDERS[order]):
        views[group["state"]].append(view_group(group))
    expected = [view.group for view in views["expected"]]
    lines = _fold(expected) if folded else [_line_of(group) for group in expected]
    return Report(
        broken=tuple(views["broken"]),
        unsettled=tuple(views["unsettled"]),
        healed=tuple(views["healed"]),
        expected=tuple(lines),
        expected_edges=tuple(views["expected"]),
        broken_edges=summary["broken"],
        silent_edges=summary["silent"],
        healed_edges=summary["healed"],
        healthy=summary["healthy"] or 0,
        sentence=tell_summary(summary),
        silent=tell_silent(summary),
    )


def tell_summary(summary: Summary) -> str:
    """2 edges broken now, 3 when last used, 1 healed, 14 healthy."""
    silent = summary["silent"]
    broken = summary["broken"] - silent
    parts = [f"{say_plural(broken, 'edge') if broken else 'No edge'} broken now"]
    if silent:
        parts.append(f"{say_count(silent)} when last used")
    if summary["unsettled"]:
        parts.append(f"{say_count(summary['unsettled'])} may still connect")
    if summary["healed"]:
        parts.append(f"{say_count(summary['healed'])} healed")
    if summary["healthy"] is not None:
        parts.append(f"{say_count(summary['healthy'])} healthy")
    return ", ".join(parts)


def tell_silent(summary: Summary) -> str:
    silent = summary["not_instrumented"]
    return (
        say_plural(silent, "producer is", "producers are") + " not instrumented" if silent else ""
    )


def view_group(group: Group) -> GroupView:
    total, others = count_deliveries(group), group["other_causes_count"]
    beside = f"{say_count(group['connected'])} connected"
    return GroupView(
        group=group,
        key=_key_of(group),
        broken=group["count"],
        total=total,
        share=f"{100 * group['count'] / max(total, 1):.2f}%",
        beside=f"{say_count(others)} by other causes, {beside}" if others else beside,
        findings=tuple(order_findings(group["evidence"])),
        change=tell_change(group),
        trend=draw_trend(group["trend"], group["count"] + group["connected"]),
    )


def count_deliveries(group: Group) -> int:
    """Of its edge, as the map counts them."""
    return group["count"] + group["other_causes_count"] + group["connected"]


def tell_change(group: Group) -> str:
    """Which change broke it, as far as versions tell."""
    if group["always"]:
        return "never connected before"
    if group["since_version"] is None:
        return ""
    whose = group["consumer_service"] if group["version_of"] == "service" else "instrumentation"
    return f"since {whose} {group['since_version']}, {group['good_version']} was good"


def _fold(groups: Iterable[Group]) -> list[ExpectedLine]:
    """One line for each destination; one for a service whose producers are not
    instrumented, however many destinations it reads. Largest count first."""
    lines: dict[tuple[str | None, ...], list[Group]] = defaultdict(list)
    for group in groups:
        place = (group["environment"], group["service_namespace"])
        if group["cause"]["code"] in NOT_INSTRUMENTED and group["always"]:
            lines[("service", *place, group["consumer_service"])].append(group)
        else:
            at = (group["system"], group["scope"], group["destination"])
            lines[("destination", group["environment"], *at)].append(group)
    told = [_expected_line(key[0], members) for key, members in lines.items()]
    return sorted(told, key=lambda line: (-line.count, line.name))


def _line_of(group: Group) -> ExpectedLine:
    return _expected_line("destination", [group])


def _expected_line(by: str | None, groups: list[Group]) -> ExpectedLine:
    first = groups[0]
    names = sorted({group["destination"] or "unknown destination" for group in groups})
    services = sorted({say_service(group["consumer_service"]) for group in groups})
    titles = {group["cause"]["code"]: group["cause"]["title"] for group in groups}
    name = names[0] if len(names) == 1 else say_plural(len(names), "destination")
    asked = {"state": "expected"}
    if by == "service" and first["consumer_service"]:
        asked["service"] = first["consumer_service"]
    elif by == "destination" and first["destination"]:
        asked["destination"] = first["destination"]
    address = f"/orphans?{urlencode(asked, errors='replace')}"
    if len(groups) == 1:
        address = f"/orphans/{_key_of(first)}"
    return ExpectedLine(
        name=name,
        title="; ".join(titles[code] for code in sorted(titles)),
        codes=tuple(sorted(titles)),
        who=join_words(services[:3]) if len(services) < 4 else f"{len(services)} services",
        count=sum(group["count"] for group in groups),
        last_seen=max(group["last_seen"] for group in groups),
        address=address,
        silent=not NOT_INSTRUMENTED.isdisjoint(titles),
    )
