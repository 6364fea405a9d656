"""Hand-overs that have to be there. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracestitch.check.findings import EXPECTATION, Finding
from web.shapes import Edge, Group, Identity
from web.words import join_words, say_plural

_SHOWN = 10


@dataclass(frozen=True, slots=True, order=True)
class Expectation:
    sender: str
    """A destination or, where none has that name, a service that sends."""
    receiver: str
    """The service that takes the messages."""

    def __str__(self) -> str:
        return f"{self.sender} -> {self.receiver}"


@dataclass(frozen=True, slots=True)
class Outcome:
    expectation: Expectation
    missed: Finding | None
    """None when it is met."""


def parse_expectation(text: str) -> Expectation:
    """ "orders -> payment-service". Raises ValueError with what is allowed."""
    arrow = " -> " if " -> " in text else "->"
    parts = [part.strip() for part in text.replace("→", "->").split(arrow)]
    if len(parts) != 2 or not all(parts):
        raise ValueError(
            "an expectation is DESTINATION -> SERVICE, such as 'orders -> payment-service'"
        )
    return Expectation(*parts)


def judge_expectation(
    asked: Expectation, edges: Sequence[Edge], groups: Sequence[Group], *, strict: bool
) -> Outcome:
    """Met when such hand-overs are there and each brought its context along, as parent or
    link; expected orphan roots are no fault unless `strict`."""
    by_destination = any(edge["destination"] == asked.sender for edge in edges)
    meant = [edge for edge in edges if _matches(asked, edge, by_destination=by_destination)]
    orphans = [group for group in groups if _matches(asked, group, by_destination=by_destination)]
    count = sum(edge["count"] for edge in meant)
    connected = sum(edge["connected"] for edge in meant)
    faults = [group for group in orphans if strict or not group["expected"]]
    quiet = sum(group["count"] for group in orphans) - sum(group["count"] for group in faults)
    broken = max(count - connected - quiet, sum(group["count"] for group in faults))
    if not meant:
        title, fix = "is not there", _tell_instead(asked, edges)
    elif broken:
        title, fix = "is not propagated", _tell_broken(broken, count, faults)
    elif not connected:
        title = "is not propagated"
        fix = f"None of {say_plural(count, 'message')} brought a context, for expected causes."
    else:
        return Outcome(asked, None)
    example = faults[0]["example"] if faults else None
    return Outcome(
        asked,
        Finding(
            code=EXPECTATION,
            title=f"The hand-over {asked} {title}",
            confidence=1.0,
            expected=False,
            fix=fix,
            trace_id=example["trace_id"] if example else None,
            span_id=example["span_id"] if example else None,
            service_name=asked.receiver,
            destination=asked.sender if by_destination or not meant else None,
            producer_service=asked.sender if meant and not by_destination else None,
        ),
    )


def _matches(asked: Expectation, hop: Identity, *, by_destination: bool) -> bool:
    sender = hop["destination"] if by_destination else hop["producer_service"]
    return sender == asked.sender and hop["consumer_service"] == asked.receiver


def _tell_instead(asked: Expectation, edges: Sequence[Edge]) -> str:
    """What was found in its place."""
    receivers = _names(edge["consumer_service"] for edge in edges if _sends(asked, edge))
    if receivers:
        return f"Only {join_words(receivers)} took messages of {asked.sender}."
    senders = _names(
        edge["destination"] or edge["producer_service"]
        for edge in edges
        if edge["consumer_service"] == asked.receiver
    )
    if senders:
        return (
            f"No destination and no service that sends is called {asked.sender}; "
            f"{asked.receiver} took messages of {join_words(senders)}."
        )
    seen = _names(
        f"{edge['destination'] or edge['producer_service'] or 'unknown'} -> "
        f"{edge['consumer_service'] or 'unknown'}"
        for edge in edges
    )
    if not seen:
        return "No hand-over of a message was seen at all."
    rest = f" and {len(seen) - _SHOWN} others" if len(seen) > _SHOWN else ""
    return f"Neither end was seen in a hand-over. Seen: {', '.join(seen[:_SHOWN])}{rest}."


def _sends(asked: Expectation, edge: Edge) -> bool:
    return asked.sender in (edge["destination"], edge["producer_service"])


def _names(names: Iterable[str | None]) -> list[str]:
    return sorted({name for name in names if name})


def _tell_broken(broken: int, count: int, faults: Sequence[Group]) -> str:
    causes = sorted({f"{group['cause']['code']}, {group['cause']['title']}" for group in faults})
    why = (
        f" Cause: {'; '.join(causes)}."
        if causes
        else " Their consumers have links to other messages only; look at the remarks."
    )
    return f"{broken} of {say_plural(count, 'message')} came without a propagated context.{why}"
