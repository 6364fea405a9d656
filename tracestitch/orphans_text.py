"""The orphan report for the terminal."""

from collections.abc import Sequence

from tracestitch.terminal import clean, indent
from web.reports import make_report, tell_change
from web.shapes import Group, Summary
from web.trends import tell_trend
from web.words import say_confidence, say_plural, say_service, utc_time


def draw_orphans(groups: Sequence[Group], summary: Summary) -> str:
    """One paragraph for each kind of broken hand-over; a line for each that healed, and for
    the expected ones of a destination."""
    if not groups:
        return "No orphan roots: every message that arrived is joined to its producer."
    report = make_report(groups, summary)
    lines = [f"{report.sentence}."]
    for view in (*report.broken, *report.unsettled):
        lines += ["", *_describe(view.group)]
    if report.healed:
        lines += ["", "Healed:"]
        lines += [_describe_healed(view.group) for view in report.healed]
    if report.expected:
        lines += ["", "Expected:"]
        lines += [
            f"  {clean(line.name)} → {clean(line.who)}: {line.count} × "
            f"{' '.join(line.codes)} {clean(line.title)}"
            for line in report.expected
        ]
    return "\n".join(lines)


def _describe(group: Group) -> list[str]:
    example = group["example"]
    change = tell_change(group)
    state = "broken now" if group["state"] == "broken" else "may still connect"
    return [
        _hop(group),
        f"  {_cause(group)}, confidence {say_confidence(group['cause']['confidence'])}",
        f"  {state}: {group['count']} broken, {group['connected']} connected"
        + (f"; {clean(change)}" if change else ""),
        f"  {utc_time(group['first_seen'])} to {utc_time(group['last_seen'])}",
        f"  {tell_trend(group['trend'])}",
        f"  such as trace {example['trace_id']}, span {example['span_id']}",
        *indent(group["fix"]),
    ]


def _describe_healed(group: Group) -> str:
    since = "" if group["healed_since"] is None else f" since {utc_time(group['healed_since'])}"
    connected = say_plural(group["connected_after"], "hand-over")
    return f"  {_hop(group)}: {group['count']} × {_cause(group)};{since} {connected} connected"


def _hop(group: Group) -> str:
    producer = clean(say_service(group["producer_service"]))
    destination = clean(group["destination"] or "unknown destination")
    system = f" ({clean(group['system'])})" if group["system"] else ""
    consumer = clean(say_service(group["consumer_service"]))
    consumers = f" in group {clean(group['consumer_group'])}" if group["consumer_group"] else ""
    return f"{producer} → {destination}{system} → {consumer}{consumers}"


def _cause(group: Group) -> str:
    return f"{group['cause']['code']} {clean(group['cause']['title'])}"
