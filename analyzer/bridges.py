"""Buses and topics that hand messages on to queues and functions, and the signs that they do.

That a bus exists does not mean that it delivers to some queue: its rules and a topic's
subscriptions stand in no span. What is seen is whose contexts arrive, and what names say.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from storage.results import Row

# Systems that hand messages on to other systems.
DELIVERS_TO = {
    "aws_eventbridge": ("aws_sqs", "aws_sns", "aws_kinesis"),
    "aws_sns": ("aws_sqs",),
}
# What can invoke a function (AWS Lambda, "Invoking Lambda with events from other services").
INVOKES = frozenset({"aws_eventbridge", "aws_sns", "aws_sqs", "aws_kinesis", "kafka"})

# Words of a name that say what a thing is, not what it is for.
_KINDS = {"topic", "bus", "event", "queue", "fifo", "sns", "sqs", "default"}


def select_filling(
    bridges: list[Row],
    destination: str | None,
    domain: str | None,
    straight: Iterable[Row],
    destinations: frozenset[str],
    connected: Iterable[Row],
) -> list[Row]:
    """Of the sends to buses and topics those of which it is seen that they reach a
    destination: contexts of their service arrived there, which does not also send there
    itself (`straight`), or the destination is named after the bus or topic, or they name
    none and their span names begin with the delivery's `domain`. A word that also names other
    `destinations` of its system is that of a project, and no such sign."""
    if destination is None or not bridges:
        return []
    arrived = {d["producer_service_name"] for d in connected}
    arrived -= {s["service_name"] for s in straight}
    named = {
        name
        for name in {s["destination"] for s in bridges} - {None}
        if is_named_after(destination, name)
        and not any(is_named_after(other, name) for other in destinations if other != destination)
    }

    def is_named(send: Row) -> bool:
        if send["destination"] is None:
            return domain is not None and send["span_name"].lower().startswith(domain)
        return send["destination"] in named

    return [s for s in bridges if s["service_name"] in arrived or is_named(s)]


def carrying(systems: Iterable[str | None]) -> frozenset[str | None]:
    """The systems over which messages arrive that are sent to these: themselves, and what
    they deliver to."""
    sent = frozenset(systems)
    return sent.union(*(DELIVERS_TO.get(system or "", ()) for system in sent))


def is_named_after(destination: str, bridge: str) -> bool:
    """Whether the words of a topic's or bus's name stand in that of a queue, in one piece:
    `orders-topic` and `eu-orders-audit`."""
    wanted, words = _words(bridge), _words(destination)
    places = range(len(words) - len(wanted) + 1)
    return bool(wanted) and any(words[at : at + len(wanted)] == wanted for at in places)


@lru_cache(maxsize=10_000)
def _words(name: str) -> list[str]:
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    words = [re.sub(r"(?<=...)s$", "", part.lower()) for part in parts]  # but "bus", "sns"
    return [word for word in words if word not in _KINDS]
