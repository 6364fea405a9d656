"""What else is known about an orphan root's destination and services.

A verdict is about one root, but what decides it often stands beside it: does anybody
send there, does anybody's context arrive. Read from the endpoints of the whole store,
grouped (`SpanStore.endpoint_facts`), as what later spans rarely change: yes or no, sets of
names, what came first. Counts and other times change with every span and would make
verdicts depend on when they were asked for.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from analyzer.alternations import MIXED
from analyzer.bridges import DELIVERS_TO, came_over, select_filling
from analyzer.lost_sends import INNER_TOPIC, RECURRING, STREAMS_SCOPE
from analyzer.retry_topics import base_of, retried_topic
from analyzer.rules.correlation_id import RENAMING, is_mirror
from analyzer.stable_facts import FIRSTS, INTERLEAVED, PROPAGATED, stable_facts

Row = Mapping[str, Any]


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


class World:
    """The facts of one environment. A root is compared with its own namespace's
    producers, and with other namespaces' where its own has none: services of two
    namespaces may well share a queue, and "nobody sends here" must be true."""

    def __init__(self, facts: list[Row]) -> None:
        self._facts = facts
        self._sends: dict[str | None, list[Row]] = defaultdict(list)
        self._deliveries: dict[str | None, list[Row]] = defaultdict(list)
        for fact in facts:
            side = self._sends if fact["role"] == "send" else self._deliveries
            side[fact["system"]].append(fact)

    def around(self, root: Row, domain: str | None) -> Surroundings:
        """What surrounds a root: a row with system, destination, service_name,
        consumer_group and span_name."""
        system, destination = root["system"], root["destination"]
        same = [
            s
            for s in (self._sends.get(system, []) if system else self._all(self._sends))
            if destination is None
            or s["destination"] is None
            or base_of(s["destination"]) == base_of(destination)
            or (system == "kafka" and s["destination"] == retried_topic(destination))
        ]
        bridges = [
            s
            for sender, receivers in DELIVERS_TO.items()
            if system is None or system in receivers
            for s in self._sends.get(sender, [])
        ]
        # bus and target, exchange and queue, topic and subscription have different names
        if system == "aws_eventbridge" or (system in RENAMING and not same):
            same = self._sends.get(system, [])
        mirrored = [
            s
            for s in self._sends.get("kafka", [])
            if system == "kafka" and destination and s["destination"]
            if not same and is_mirror(destination, s["destination"])
        ]
        here = self._deliveries_at(root)
        mine = [d for d in here if d["service_name"] == root["service_name"]]
        connected = [d for d in here if d["relation"] in PROPAGATED]
        unnamed = system is None and destination is None
        if unnamed:  # and rarely fed by itself
            same = [s for s in same if s["service_name"] != root["service_name"]] or same
            delivering = frozenset(d["system"] for d in connected if d["system"])
            bridges = fills = [s for s in same if s["system"] in delivering] or same
        else:
            fills = select_filling(
                bridges, destination, domain, same, self._sends.get(system, []), connected
            )
            delivering = frozenset(s["system"] for s in fills)
            bridges = fills or bridges
        senders = same or bridges or mirrored
        if destination is None and domain is not None:
            of_domain = [s for s in senders if s["span_name"].lower().startswith(domain)]
            senders = of_domain or senders
        own = [s for s in senders if s["service_namespace"] == root["service_namespace"]]
        senders = own or senders
        services = {s["service_name"] for s in senders}
        arrived = [d for d in self._connected() if d["producer_service_name"] in services]
        names = {s["destination"] for s in senders}
        like = [
            s
            for s in self._sends.get(system, [])
            if s["destination"] == destination
            and s["service_name"] == root["service_name"]
            and s["service_namespace"] == root["service_namespace"]
        ]
        return Surroundings(
            direct=bool(same),
            mirrored=bool(mirrored),
            retried=system == "kafka" and self._reads(retried_topic(destination)),
            possible=bool(senders),
            system=_only(
                {s["system"] for s in same if s["destination"] and destination and not system}
            ),
            bridges=frozenset(
                s["system"]
                for s in bridges
                if s["system"] and (unnamed or not same)
                if s["service_name"] != root["service_name"] or s["system"] in delivering
            ),
            delivering=delivering,
            injects=frozenset(d["producer_service_name"] for d in arrived if came_over(d, senders)),
            extracts=any(d["relation"] in PROPAGATED for d in mine),
            continues=any(
                d["service_name"] == root["service_name"] and d["system"] == system
                for d in self._connected()
            ),
            others_connect=any(
                (d["service_name"], d["consumer_group"])
                != (root["service_name"], root["consumer_group"])
                for d in connected
            ),
            processes=any(
                d["relation"] in PROPAGATED and d["span_name"] != root["span_name"] for d in mine
            ),
            works_below=any(d["has_children"] for d in mine),
            destination=_only(names),
            producer=_only(services),
            sender_scopes=frozenset(s["scope_name"] or "" for s in senders),
            sender_languages=frozenset(s["sdk_language"] for s in senders if s["sdk_language"]),
            sender_thresholds=frozenset(
                s["sampling_threshold"] for s in senders if s["sampling_threshold"]
            ),
            first_send=min((s[FIRSTS[0]] for s in [*senders, *fills]), default=None),
            first_offsets=_first_offsets(connected),
            interleaved=any(d[INTERLEAVED] for d in mine),
            mixed=any(d[MIXED] for d in mine),
            arrived_from=frozenset(
                d["producer_service_name"] for d in mine if d["relation"] in PROPAGATED
            ),
            senders_epoch=any(s["epoch_trace"] for s in senders),
            siblings=frozenset(Sibling(*(d[name] for name in Sibling._fields)) for d in connected),
            own_epoch=self._is_epoch(root["service_name"]),
            sending_work=frozenset(s["operation"] for s in like if s["origin"] == "entry"),
            sends_alone=any(s["origin"] == "alone" for s in like),
            recurring_work=frozenset(s["operation"] for s in like if s[RECURRING]),
            streams=system == "kafka" and self._streams(root["service_name"]),
        )

    def _deliveries_at(self, root: Row) -> list[Row]:
        """Those at the root's place; where it names none, those of its service."""
        system, destination = root["system"], root["destination"]
        found = self._deliveries.get(system, []) if system else self._all(self._deliveries)
        if destination is not None:
            return [d for d in found if d["destination"] == destination]
        return [d for d in found if system or d["service_name"] == root["service_name"]]

    def _is_epoch(self, service: str | None) -> bool:
        """The ids of the traces that it begins itself; X-Ray's generator makes all of them."""
        begun = [
            f["epoch_trace"] for f in self._facts if f["is_root"] and f["service_name"] == service
        ]
        return bool(begun) and all(begun)

    def _reads(self, topic: str | None) -> bool:
        deliveries = self._deliveries.get("kafka", [])
        return topic is not None and any(d["destination"] == topic for d in deliveries)

    def _streams(self, service: str | None) -> bool:
        """Its consumers are recorded by Kafka Streams, or it writes to topics that Kafka
        Streams makes for itself."""
        reads = [d for d in self._deliveries.get("kafka", []) if d["service_name"] == service]
        writes = [s for s in self._sends.get("kafka", []) if s["service_name"] == service]
        return any(re.search(STREAMS_SCOPE, d["scope_name"] or "") for d in reads) or (
            bool(reads) and any(re.search(INNER_TOPIC, s["destination"] or "") for s in writes)
        )

    def _all(self, by_system: Mapping[str | None, list[Row]]) -> list[Row]:
        return [fact for facts in by_system.values() for fact in facts]

    def _connected(self) -> list[Row]:
        return [d for d in self._all(self._deliveries) if d["relation"] in PROPAGATED]


def _only(names: set[str | None]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _first_offsets(deliveries: Iterable[Row]) -> tuple[tuple[int, int], ...]:
    first: dict[int, int] = {}
    for delivery in deliveries:
        partition, offset = delivery["kafka_partition"], delivery[FIRSTS[1]]
        if partition is not None and offset is not None:
            first[partition] = min(offset, first.get(partition, offset))
    return tuple(sorted(first.items()))


def worlds(facts: pl.DataFrame) -> dict[str | None, World]:
    """The facts, or their stable part, by environment."""
    rows: dict[str | None, list[Row]] = defaultdict(list)
    stable = facts if INTERLEAVED in facts.columns else stable_facts(facts)
    for fact in stable.iter_rows(named=True):
        rows[fact["environment"]].append(fact)
    return {environment: World(found) for environment, found in rows.items()}
