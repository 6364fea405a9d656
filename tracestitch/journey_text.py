"""A journey as a tree for the terminal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from tracestitch.cause_text import name_cause, tell_cause_of
from tracestitch.terminal import clean, indent
from web.waterfall.sentences import tell_not_seen
from web.words import say_confidence, say_duration, say_plural, say_rule, say_service

Ids = tuple[str, str]

_DEEPEST_INDENT = 40


def draw_journey(journey: Mapping[str, Any]) -> str:
    """Spans below their parents and consumers below their producers, with what joins
    them; then what is odd and how to mend it."""
    lines = [_heading(journey)]
    causes = [orphan["cause"] for orphan in journey["orphans"]]
    broken = {_ids(orphan): tell_cause_of(orphan) for orphan in journey["orphans"]}
    tried = {_ids(attempt): _tell_attempt(attempt) for attempt in journey["attempts"]}
    lines += _draw_tree(journey["spans"], journey["connections"], broken, tried)
    for related in journey["related"]:
        lines.append(f"related: {clean(related['key'])}={clean(related['value'])}")
    for missing in journey["not_seen"]:
        lines.append(f"not seen ({missing['state']}): {clean(tell_not_seen(missing))}")
    notes = [*journey["notes"], *(n for each in journey["connections"] for n in each["notes"])]
    lines += dict.fromkeys(f"note: {clean(note['title'])}" for note in notes)
    # A fix names its service and is in its language: one for each, not one for each code.
    for cause in {(cause["code"], cause["fix"]): cause for cause in causes}.values():
        lines += ["", f"{name_cause(cause['code'], cause['title'])}. To mend it:"]
        lines += indent(cause["fix"])
    return "\n".join(lines)


def _heading(journey: Mapping[str, Any]) -> str:
    name = f"{journey['key']} = {journey['value']}" if journey["key"] else "Journey"
    took = journey["end_time_unix_nano"] - journey["start_time_unix_nano"]
    broken = sum(not orphan["expected"] for orphan in journey["orphans"])
    hops = f" with {say_plural(broken, 'broken hop')}" if broken else ""
    return (
        f"{clean(name)}: {journey['status']}{hops}, {say_plural(len(journey['spans']), 'span')} in "
        f"{say_plural(len(journey['trace_ids']), 'trace')}, {say_duration(took)}"
    )


def _ids(named: Mapping[str, Any]) -> Ids:
    return named["trace_id"], named["span_id"]


def _draw_tree(
    spans: Iterable[Mapping[str, Any]],
    connections: Iterable[Mapping[str, Any]],
    broken: Mapping[Ids, str],
    tried: Mapping[Ids, str],
) -> list[str]:
    """Without recursion: a journey can be thousands of spans deep."""
    by_ids = {_ids(span): span for span in spans}
    labels: dict[tuple[Ids, Ids], str] = {}
    producers: dict[Ids, list[Ids]] = defaultdict(list)
    for connection in connections:
        producer, consumer = _ids(connection["producer"]), _ids(connection["consumer"])
        labels[producer, consumer] = _label(connection)
        producers[consumer].append(producer)
    below: dict[Ids, list[Ids]] = defaultdict(list)
    placed: set[Ids] = set()
    for ids, span in by_ids.items():
        parent = (span["trace_id"], span["parent_span_id"])
        for above in dict.fromkeys([parent, *producers[ids]]):
            if above in by_ids and above != ids:
                below[above].append(ids)
                placed.add(ids)
    lines: list[str] = []
    drawn: set[Ids] = set()
    # A cycle has no top: its earliest span stands for one.
    for top in [*(ids for ids in by_ids if ids not in placed), *by_ids]:
        waiting: list[tuple[Ids, str, int]] = [] if top in drawn else [(top, "", 1)]
        while waiting:
            ids, label, depth = waiting.pop()
            line = "  " * min(depth, _DEEPEST_INDENT) + label
            line += _describe(by_ids[ids]) + tried.get(ids, "")
            if ids in drawn:
                lines.append(f"{line} (drawn above)")
                continue
            drawn.add(ids)
            if ids in broken:
                line += f"   ! {broken[ids]}"
            lines.append(line)
            waiting += [(b, labels.get((ids, b), ""), depth + 1) for b in reversed(below[ids])]
    return lines


def _describe(span: Mapping[str, Any]) -> str:
    took = say_duration(span["end_time_unix_nano"] - span["start_time_unix_nano"])
    error = ", error" if span["status"] == "ERROR" else ""
    return f"{clean(say_service(span['service_name']))}: {clean(span['name'])}  ({took}{error})"


def _tell_attempt(attempt: Mapping[str, Any]) -> str:
    dead = attempt["outcome"] == "dead-letter"
    what = "dead letter" if dead else f"attempt {attempt['attempt']}"
    gap = attempt["gap_nano"]
    return f"  {what}" if gap is None else f"  {what}, {say_duration(gap)} after the one before"


def _label(connection: Mapping[str, Any]) -> str:
    how = say_rule(connection["rule"])
    if connection["relation"] == "stitch":
        how = f"stitched by {how}, {say_confidence(connection['confidence'])}"
    parts = [how]
    if connection["destination"] is not None:
        parts.append(clean(connection["destination"]))
    if connection["wait_nano"] is not None:
        parts.append(f"waited {say_duration(connection['wait_nano'])}")
    return f"→ [{', '.join(parts)}] "
