"""The orphan report for the terminal."""

from collections.abc import Mapping
from typing import Any

from tracestitch.cause_text import name_cause, tell_cause
from tracestitch.terminal import clean, indent
from web.report.views import count_deliveries, make_report, tell_change
from web.shapes import Group, Identity
from web.trends import tell_trend
from web.words import say_plural, say_service, utc_time


def draw_orphans(answer: Mapping[str, Any], *, fix: bool = False) -> str:
    """Of the API's groups, newest breakage first: a line for each kind of broken hand-over, or
    a paragraph with the fix where that is asked for or there is only one; a line for each
    that healed, and for the expected ones of a destination."""
    groups: list[Group] = answer["groups"]
    if not groups:
        return "No orphan roots: every message that arrived is joined to its producer."
    report = make_report(groups, answer["summary"])
    lines = [f"{'; '.join(filter(None, (report.sentence, report.silent)))}."]
    open_now = (*report.broken, *report.unsettled)
    if fix or len(open_now) == 1:
        for view in open_now:
            lines += ["", *_describe(view.group)]
    elif open_now:
        wide = max(len(_share(view.group)) for view in open_now)
        lines += ["", *(_line(view.group, wide) for view in open_now)]
        lines += ["", "Details and how to mend them: tracestitch orphans --fix"]
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


def _line(group: Group, wide: int) -> str:
    state = "" if group["state"] == "broken" else " (may still connect)"
    return f"  {_share(group):>{wide}} broken  {_hop_of(group)}: {_cause(group)}{state}"


def _share(group: Group) -> str:
    return f"{group['count']} of {count_deliveries(group)}"


def _describe(group: Group) -> list[str]:
    cause, example = group["cause"], group["example"]
    change = tell_change(group)
    state = "broken now" if group["state"] == "broken" else "may still connect"
    if group["silent_since"] is not None:
        state = "broken when last used, no traffic since"
    return [
        _hop_of(group),
        f"  {tell_cause(cause['code'], cause['title'], cause['confidence'])}",
        f"  {state}: {group['count']} broken, {group['connected']} connected"
        + (f"; {clean(change)}" if change else ""),
        f"  {utc_time(group['first_seen'])} to {utc_time(group['last_seen'])}; "
        + tell_trend(group["trend"]),
        f"  such as trace {example['trace_id']}, span {example['span_id']}",
        *indent(group["fix"]),
    ]


def _describe_healed(group: Group) -> str:
    since = "" if group["healed_since"] is None else f" since {utc_time(group['healed_since'])}"
    connected = say_plural(group["connected_after"], "hand-over")
    return f"  {_hop_of(group)}: {group['count']} × {_cause(group)};{since} {connected} connected"


def _hop_of(group: Group) -> str:
    return draw_hop(group, is_send=group["is_send"])


def draw_hop(hop: Identity, *, is_send: bool = False) -> str:
    """Who hands messages to whom, over what; of a send that broke nobody took its message."""
    producer = clean(say_service(hop["producer_service"]))
    destination = clean(hop["destination"] or "unknown destination")
    system = f" ({clean(hop['system'])})" if hop["system"] else ""
    consumer = clean(say_service(hop["consumer_service"]))
    consumers = f" in group {clean(hop['consumer_group'])}" if hop["consumer_group"] else ""
    sent = f"{producer} → {destination}{system}"
    return sent if is_send else f"{sent} → {consumer}{consumers}"


def _cause(group: Group) -> str:
    return name_cause(group["cause"]["code"], group["cause"]["title"])
