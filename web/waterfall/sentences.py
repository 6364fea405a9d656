"""A journey in one or two sentences, made from its data by rules. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from web.journeys.journey import FoundJourney
from web.shapes import Connection, Orphan
from web.trace_shapes import Attempt, NotSeen, Span
from web.waterfall.cast import Cast
from web.words import (
    join_words,
    say_duration,
    say_number,
    say_ordinal,
    say_plural,
    say_service,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; `strong` for names."""

    text: str
    strong: bool = False


def tell_journey(journey: FoundJourney, cast: Cast, queue_nano: int) -> list[Part]:
    """What became of it, and where it took its time."""
    if journey.status == "dead-letter":
        return _tell_dead_letter(journey, cast)
    if journey.status == "error":
        return _tell_error(journey, cast)
    if journey.status == "waiting":
        return _tell_waiting(journey, cast)
    return _tell_success(journey, cast, queue_nano)


def tell_trace(trace_id: str, connections: Sequence[Connection]) -> list[Part]:
    """What one trace is part of."""
    before = {c["producer"]["trace_id"] for c in connections} - {trace_id}
    after = {c["consumer"]["trace_id"] for c in connections} - {trace_id}
    if not before and not after:
        return [Part("No hand-over leads into or out of this trace.")]
    parts = []
    if before:
        parts.append(f"it continues {say_plural(len(before), 'other trace')}")
    if after:
        parts.append(f"{say_plural(len(after), 'other trace')} continued from it")
    text = join_words(parts)
    return [Part(f"This trace is one part of the whole: {text}.")]


def tell_not_seen(missed: NotSeen) -> str:
    """The step, how usual it is and what its state means."""
    return f"{missed['step']}, {say_usual(missed)}; {say_fate(missed['state'])}"


def say_usual(missed: NotSeen) -> str:
    share = f"{100 * missed['usual_share']:.0f} % of {missed['examples']} sends"
    wait = missed["usual_wait_nano"]
    return f"usual in {share}" + (f", {say_duration(wait)} after the send" if wait > 0 else "")


def say_fate(state: Literal["waiting", "lost", "dead"]) -> str:
    return {
        "waiting": "nothing shows that it was passed over",
        "lost": "later messages were received since",
        "dead": "the message is among dead letters",
    }[state]


def tell_orphans(orphans: list[Orphan]) -> str:
    """Leads to the causes that follow it."""
    if not orphans:
        return ""
    if len(orphans) == 1:
        return f"{say_service(orphans[0]['service_name'])} started a trace of its own: "
    return f"{say_number(len(orphans)).capitalize()} traces started on their own: "


def tell_expected(orphans: list[Orphan]) -> str:
    """What is missing where nobody made a mistake. Leads to the causes that follow it."""
    if not orphans:
        return ""
    first = orphans[0]
    if first["producer"] is None:
        return f"What sent {say_service(first['service_name'])} its message is not stored: "
    return f"{say_service(first['service_name'])} did not continue a trace, as expected: "


def name_error(span: Span) -> str | None:
    """The type of the exception, else the status message, short."""
    for event in reversed(span["events"]):
        kind = event["attributes"].get("exception.type")
        if isinstance(kind, str) and kind:
            return kind.rsplit(".", 1)[-1][:80]
    told = span["attributes"].get("error.type") or span["status_message"]
    return str(told)[:80] if told else None


def _explain(span: Span) -> str:
    for event in reversed(span["events"]):
        text = event["attributes"].get("exception.message")
        if isinstance(text, str) and text:
            return f": {text[:160]}"
    name = span["status_message"] or name_error(span)
    return f": {name[:160]}" if name else ""


def _tell_dead_letter(journey: FoundJourney, cast: Cast) -> list[Part]:
    failed = [
        attempt
        for attempt in journey.attempts
        if attempt["outcome"] == "error" and attempt["ended_by"] == "dead-letter"
    ]
    queue = next((c["destination"] for c in journey.stored.connections if c["dead_letter"]), None)
    where = Part(queue or "a dead-letter queue", strong=True)
    if not failed:
        return [Part("The message went to "), where, Part(".")]
    last = failed[-1]
    tries = sum(attempt["chain"] == last["chain"] for attempt in failed)
    span = cast.named(last["trace_id"], last["span_id"])
    name = span["name"] if span else "Processing"
    service = say_service(span["service_name"]) if span else ""
    times = {1: "once", 2: "twice"}.get(tries, f"{say_number(tries)} times")
    return [
        Part(name, strong=True),
        Part(f" failed {times} in {service}{_explain(span) if span else ''}. The message went to "),
        where,
        Part("."),
    ]


def _tell_error(journey: FoundJourney, cast: Cast) -> list[Part]:
    last = cast.last_failure
    tries = [a for a in journey.attempts if a["outcome"] == "error"]
    again = f" after {say_plural(len(tries), 'failed attempt')}" if len(tries) > 1 else ""
    return [
        Part(last["name"], strong=True),
        Part(f" failed in {say_service(last['service_name'])}{again}{_explain(last)}."),
    ]


def _tell_waiting(journey: FoundJourney, cast: Cast) -> list[Part]:
    stuck = [missed for missed in journey.not_seen if missed["state"] != "dead"]
    lost = bool(stuck) and stuck[0]["state"] == "lost"
    named = cast.named(**stuck[0]["sent_by"]) if stuck else cast.last_send
    sent = named or cast.last
    fate = "was not seen again, although later ones were" if lost else "has not been processed yet"
    return [
        Part("The message sent by "),
        Part(sent["name"], strong=True),
        Part(f" in {say_service(sent['service_name'])} {fate}."),
    ]


def _tell_success(journey: FoundJourney, cast: Cast, queue_nano: int) -> list[Part]:
    services = cast.services
    total = journey.end_time_unix_nano - journey.start_time_unix_nano
    hops = {connection["destination"] for connection in journey.stored.connections}
    where = f"{say_number(services)} services" if services > 1 else "one service"
    over = (
        f" over {say_number(len(hops))} {'destination' if len(hops) == 1 else 'destinations'}"
        if hops
        else ""
    )
    parts = [
        Part(cast.first["name"], strong=True),
        Part(f" went through {where}{over} in {say_duration(total)}"),
    ]
    if queue_nano * 20 > total:
        parts.append(Part(f", of which {say_duration(queue_nano)} in queues"))
    parts.append(Part("."))
    repeated = _repeated(journey.attempts)
    if repeated is not None:
        span = cast.named(repeated["trace_id"], repeated["span_id"])
        name = span["name"] if span else "Processing"
        ordinal = say_ordinal(repeated["attempt"])
        parts += [
            Part(" "),
            Part(name, strong=True),
            Part(f" succeeded at the {ordinal} attempt."),
        ]
    return parts


def _repeated(attempts: list[Attempt]) -> Attempt | None:
    done = [each for each in attempts if each["outcome"] == "ok" and each["attempt"] > 1]
    return done[-1] if done else None
