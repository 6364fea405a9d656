"""The orphan report for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from tracestitch.terminal import clean, indent
from web.words import say_confidence, say_plural, say_service, utc_time


def draw_orphans(groups: Sequence[Mapping[str, Any]]) -> str:
    """One paragraph for each kind of broken hand-over; expected ones in a line each."""
    loud = [group for group in groups if not group["expected"]]
    quiet = [group for group in groups if group["expected"]]
    if not groups:
        return "No orphan roots: every message that arrived is joined to its producer."
    settled = sum(group["settled_count"] for group in loud)
    young = sum(group["count"] for group in loud) - settled
    lines = [f"{say_plural(settled, 'orphan root')} to mend."]
    if young:
        lines[0] += f" {say_plural(young, 'younger one')} may still connect."
    for group in loud:
        lines += ["", *_describe(group)]
    if quiet:
        lines += ["", "Expected:"]
        lines += [f"  {_hop(group)}: {group['count']} × {_cause(group)}" for group in quiet]
    return "\n".join(lines)


def _describe(group: Mapping[str, Any]) -> list[str]:
    example = group["example"]
    since = f", since version {clean(group['since_version'])}" if group["since_version"] else ""
    return [
        _hop(group),
        f"  {_cause(group)}, confidence {say_confidence(group['cause']['confidence'])}",
        f"  {group['count']} broken, {group['connected']} connected{since}",
        f"  {utc_time(group['first_seen'])} to {utc_time(group['last_seen'])}",
        f"  such as trace {example['trace_id']}, span {example['span_id']}",
        *indent(group["fix"]),
    ]


def _hop(group: Mapping[str, Any]) -> str:
    producer = clean(say_service(group["producer_service"]))
    destination = clean(group["destination"] or "unknown destination")
    system = f" ({clean(group['system'])})" if group["system"] else ""
    consumer = clean(say_service(group["consumer_service"]))
    consumers = f" in group {clean(group['consumer_group'])}" if group["consumer_group"] else ""
    return f"{producer} → {destination}{system} → {consumer}{consumers}"


def _cause(group: Mapping[str, Any]) -> str:
    return f"{group['cause']['code']} {clean(group['cause']['title'])}"
