"""What else is known about an orphan root's destination and services.

A verdict is about one root, but what decides it often stands beside it: does anybody
send there, does anybody's context arrive. Read from the endpoints of the whole store,
grouped (`SpanStore.endpoint_facts`), as what later spans rarely change: yes or no, sets of
names, what came first. Counts and other times change with every span and would make
verdicts depend on when they were asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Sibling(NamedTuple):
    """A kind of consumer of the root's destination that continued contexts."""

    service_name: str | None
    consumer_group: str | None
    service_version: str | None
    scope_name: str | None
    scope_version: str | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts beside one root."""

    direct: bool
    """Somebody sends to this destination (or to an unnamed one of this system)."""
    mirrored: bool
    """Nobody sends to this topic, somebody to the topic that it is named after, with a
    cluster's name before it."""
    retried: bool
    """The name is that of a retry or dead-letter topic of another one that is read."""
    possible: bool
    """Somebody sends where a message could come from, bridges included."""
    system: str | None
    """The only system of those who send to this destination, where the root names none."""
    bridges: frozenset[str]
    """Systems that could have delivered here, where nobody sends directly or the root names
    no place: those that are seen to, else all that others send to."""
    delivering: frozenset[str]
    """Systems that are seen to deliver here, whether somebody sends directly or not."""
    injects: frozenset[str | None]
    """Services of the possible producers whose contexts arrived at some consumer."""
    extracts: bool
    """This consumer continued a context of this system before."""
    continues: bool
    """This service continued one of any destination of this system."""
    others_connect: bool
    """Another service or group on the same destination continues contexts."""
    works_below: bool
    """This service's deliveries usually have spans below them."""
    processes: bool
    """This service continues contexts of this destination with another span: a poll that
    only counts its messages is represented by it."""
    destination: str | None
    """The only destination of this system that a producer of the domain sends to."""
    producer: str | None
    """The only service that sends there."""
    sender_scopes: frozenset[str]
    sender_languages: frozenset[str]
    sender_thresholds: frozenset[str]
    """`th` of the tracestates of sends there, with all digits."""
    first_send: int | None
    """When the first of them started, ns; 0 when that was deleted."""
    first_offsets: tuple[tuple[int, int], ...]
    """(partition, offset) of the first records whose context arrived at any consumer."""
    interleaved: bool
    """This consumer has records without a stored producer among those with one."""
    mixed: bool
    """This consumer continues some of its messages while it does not continue others."""
    arrived_from: frozenset[str | None]
    """Services whose contexts arrived at this consumer."""
    arrived_through: frozenset[str | None]
    """Buses and topics that those of them send to who do not send here directly."""
    senders_epoch: bool
    """Traces of those who send there have ids in the form of X-Ray's."""
    siblings: frozenset[Sibling]
    """Who continued contexts of this destination: this consumer among them."""
    own_epoch: bool
    """Traces that this service begins have ids in the form of X-Ray's."""
    sending_work: frozenset[str]
    """Requests and messages of this service, by name, that send to this destination."""
    sends_alone: bool
    """This service also sends there as roots beside no work that they could be part of."""
    recurring_work: frozenset[str]
    """Requests beside which such roots begin again and again."""
    streams: bool
    """This service computes streams (Kafka Streams)."""


class Watched:
    """Surroundings, read through this, that remember what of them was looked at: a verdict
    depends on nothing else of them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def __getattr__(self, name: str) -> Any:
        # Asked for once of each name: from then on it is an attribute like any other.
        value = getattr(self._surroundings, name)
        setattr(self, name, value)
        return value

    @property
    def looked_at(self) -> frozenset[str]:
        return frozenset(vars(self)) - {"_surroundings"}

    def look_at(self, names: Iterable[str]) -> None:
        for name in names:
            getattr(self, name)

    def differs_from(self, other: Surroundings) -> bool:
        """In something that was looked at."""
        return other != self._surroundings and any(
            getattr(other, name) != getattr(self._surroundings, name) for name in self.looked_at
        )
