"""All facts of one environment, from which the surroundings of a root are told."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analyzer.alternations import MIXED
from analyzer.bridges import DELIVERS_TO, carrying, select_filling
from analyzer.fact_index import FactIndex, Name
from analyzer.lost_sends import INNER_TOPIC, RECURRING, STREAMS_SCOPE
from analyzer.retry_topics import retried_topic, source_of
from analyzer.rules.correlation_id import RENAMING, list_originals
from analyzer.senders import Senders, only
from analyzer.stable_facts import FIRSTS, INTERLEAVED, PROPAGATED
from analyzer.surroundings import Sibling, Surroundings
from storage.results import Row


@dataclass(frozen=True, slots=True)
class _Origins:
    """Where a message at a root's place may come from."""

    direct: Senders
    bridges: Senders
    """To buses and topics that may deliver there: those that are seen to, else all."""
    filling: Senders
    """Those that are seen to."""
    mirrored: Senders
    delivering: frozenset[str]
    """Systems that are seen to deliver there."""

    @property
    def senders(self) -> Senders:
        return self.direct or self.bridges or self.mirrored

    def through(self, arrived: frozenset[Name]) -> frozenset[Name]:
        """Buses and topics that the contexts of these services came through."""
        sends = [s for s in self.bridges.facts if s["service_name"] in arrived]
        straight = {s["service_name"] for s in self.direct.facts} if sends else set()
        return frozenset(s["destination"] for s in sends if s["service_name"] not in straight)


class World:
    """The facts of one environment. A root is compared with its own namespace's
    producers, and with other namespaces' where its own has none: services of two
    namespaces may well share a queue, and "nobody sends here" must be true."""

    def __init__(self, facts: Sequence[Row]) -> None:
        deliveries = [f for f in facts if f["role"] != "send"]
        self._sends = FactIndex((f for f in facts if f["role"] == "send"), source_of)
        self._deliveries = FactIndex(deliveries, source_of)
        self._arrived_over = _find_arrivals(deliveries)
        self._epochs = _find_epochs(facts)
        self._of_systems: dict[Name, Senders] = {}
        self._bridges_to: dict[Name, Senders] = {}

    def around(self, root: Row, domain: str | None) -> Surroundings:
        """What surrounds a root: a row with system, destination, service_name,
        consumer_group and span_name."""
        connected = self._connected_at(root)
        origins = self._find_origins(root, domain, connected)
        consumer = self._tell_consumer(root)
        return Surroundings(
            **self._tell_origins(root, origins),
            **self._tell_senders(root, domain, origins),
            **_tell_others(root, connected),
            **consumer,
            arrived_through=origins.through(consumer["arrived_from"]),
            **self._tell_service(root),
        )

    def _connected_at(self, root: Row) -> list[Row]:
        """Deliveries at the root's place that continue a context; where it names none, those
        of its service."""
        return [d for d in self._deliveries_at(root) if d["relation"] in PROPAGATED]

    def _deliveries_at(self, root: Row) -> list[Row]:
        if root["system"] is None and root["destination"] is None:
            return self._deliveries.of_service(root["service_name"])
        return self._deliveries.within(root["system"], root["destination"])

    def _find_origins(self, root: Row, domain: str | None, connected: list[Row]) -> _Origins:
        system, destination = root["system"], root["destination"]
        if system is None and destination is None:
            return self._find_any_origins(root, connected)
        direct = self._find_direct(system, destination)
        bridges = self._find_bridges(system)
        fills = select_filling(
            bridges.facts,
            destination,
            domain,
            direct.facts,
            self._sends.destinations(system),
            connected,
        )
        filling = Senders(fills)
        mirrored = [] if direct else self._find_originals(system, destination)
        return _Origins(
            direct=direct,
            bridges=filling or bridges,
            filling=filling,
            mirrored=Senders(mirrored),
            delivering=frozenset(s["system"] for s in fills),
        )

    def _find_any_origins(self, root: Row, connected: list[Row]) -> _Origins:
        """Of a root that says nothing of its place, and that rarely sends to itself."""
        every = self._of_system(None)
        others = [s for s in every.facts if s["service_name"] != root["service_name"]]
        direct = Senders(others) if others else every
        delivering = frozenset(d["system"] for d in connected if d["system"])
        bridges = Senders([s for s in direct.facts if s["system"] in delivering]) or direct
        return _Origins(
            direct=direct,
            bridges=bridges,
            filling=bridges,
            mirrored=Senders([]),
            delivering=delivering,
        )

    def _find_direct(self, system: Name, destination: Name) -> Senders:
        if destination is None:
            return self._of_system(system)
        same = self._sends.may_be_at(system, destination)
        if system == "kafka" and (topic := retried_topic(destination)):
            same = same + self._sends.at(system, topic)
        # bus and target, exchange and queue, topic and subscription have different names
        if system == "aws_eventbridge" or (system in RENAMING and not same):
            return self._of_system(system)
        return Senders(same)

    def _of_system(self, system: Name) -> Senders:
        if system not in self._of_systems:
            self._of_systems[system] = Senders(self._sends.within(system, None))
        return self._of_systems[system]

    def _find_bridges(self, system: Name) -> Senders:
        """Sends to what delivers to this system, or to any."""
        if system not in self._bridges_to:
            self._bridges_to[system] = Senders(
                [
                    s
                    for sender, receivers in DELIVERS_TO.items()
                    if system is None or system in receivers
                    for s in self._sends.of_system(sender)
                ]
            )
        return self._bridges_to[system]

    def _find_originals(self, system: Name, destination: Name) -> list[Row]:
        """Sends to the topics that a Kafka topic may be a copy of."""
        names = list_originals(destination) if system == "kafka" and destination else []
        return [s for name in names for s in self._sends.at(system, name)]

    def _is_read(self, topic: Name) -> bool:
        return topic is not None and bool(self._deliveries.at("kafka", topic))

    def _tell_origins(self, root: Row, origins: _Origins) -> dict[str, Any]:
        system, destination = root["system"], root["destination"]
        direct, unnamed = origins.direct, system is None and destination is None
        named = {s["system"] for s in direct.facts if s["destination"]} if not system else set()
        bridges = origins.bridges.systems_of_others(root["service_name"])
        bridges |= origins.bridges.systems & origins.delivering
        return {
            "direct": bool(direct),
            "mirrored": bool(origins.mirrored),
            "retried": system == "kafka" and self._is_read(retried_topic(destination)),
            "possible": bool(origins.senders),
            "system": only(named) if destination else None,
            "bridges": bridges if unnamed or not direct else frozenset(),
            "delivering": origins.delivering,
        }

    def _tell_senders(self, root: Row, domain: str | None, origins: _Origins) -> dict[str, Any]:
        told = origins.senders.tell(
            root["service_namespace"], domain if root["destination"] is None else None
        )
        carriers = carrying(told.systems)
        arriving = (
            name
            for name in told.services
            if not carriers.isdisjoint(self._arrived_over.get(name, ()))
        )
        firsts = [first for first in (told.first, origins.filling.first) if first is not None]
        return {
            "destination": told.destination,
            "producer": told.producer,
            "sender_scopes": told.scopes,
            "sender_languages": told.languages,
            "sender_thresholds": told.thresholds,
            "senders_epoch": told.epoch,
            "first_send": min(firsts, default=None),
            "injects": frozenset(arriving),
        }

    def _tell_consumer(self, root: Row) -> dict[str, Any]:
        """What else this service did with messages of its place."""
        destination, system = root["destination"], root["system"]
        all_mine = self._deliveries.of_service(root["service_name"])
        mine = [
            d
            for d in all_mine
            if destination in (None, d["destination"]) and (not system or d["system"] == system)
        ]
        connected = [d for d in mine if d["relation"] in PROPAGATED]
        return {
            "extracts": bool(connected),
            "continues": any(
                d["system"] == system and d["relation"] in PROPAGATED for d in all_mine
            ),
            "processes": any(d["span_name"] != root["span_name"] for d in connected),
            "arrived_from": frozenset(d["producer_service_name"] for d in connected),
            "works_below": any(d["has_children"] for d in mine),
            "interleaved": any(d[INTERLEAVED] for d in mine),
            "mixed": any(d[MIXED] for d in mine),
        }

    def _tell_service(self, root: Row) -> dict[str, Any]:
        """How this service sends to the root's place, and what kind of service it is."""
        service = root["service_name"]
        like = [
            s
            for s in self._sends.at(root["system"], root["destination"])
            if s["service_name"] == service and s["service_namespace"] == root["service_namespace"]
        ]
        return {
            "sending_work": frozenset(s["operation"] for s in like if s["origin"] == "entry"),
            "sends_alone": any(s["origin"] == "alone" for s in like),
            "recurring_work": frozenset(s["operation"] for s in like if s[RECURRING]),
            "own_epoch": self._epochs.get(service, False),
            "streams": root["system"] == "kafka" and self._computes_streams(service),
        }

    def _computes_streams(self, service: Name) -> bool:
        """Its consumers are recorded by Kafka Streams, or it writes to topics that Kafka
        Streams makes for itself."""
        reads = [d for d in self._deliveries.of_service(service) if d["system"] == "kafka"]
        writes = [s for s in self._sends.of_service(service) if s["system"] == "kafka"]
        return any(re.search(STREAMS_SCOPE, d["scope_name"] or "") for d in reads) or (
            bool(reads) and any(re.search(INNER_TOPIC, s["destination"] or "") for s in writes)
        )


def _tell_others(root: Row, connected: list[Row]) -> dict[str, Any]:
    """Who continues contexts of the root's destination."""
    siblings = frozenset(Sibling(*(d[name] for name in Sibling._fields)) for d in connected)
    own = root["service_name"], root["consumer_group"]
    return {
        "siblings": siblings,
        "others_connect": any((s.service_name, s.consumer_group) != own for s in siblings),
        "first_offsets": _first_offsets(connected),
    }


def _first_offsets(deliveries: Iterable[Row]) -> tuple[tuple[int, int], ...]:
    first: dict[int, int] = {}
    for delivery in deliveries:
        partition, offset = delivery["kafka_partition"], delivery[FIRSTS[1]]
        if partition is not None and offset is not None:
            first[partition] = min(offset, first.get(partition, offset))
    return tuple(sorted(first.items()))


def _find_arrivals(deliveries: Iterable[Row]) -> dict[Name, set[Name]]:
    """Of each service the systems over which its contexts arrived anywhere."""
    arrived: dict[Name, set[Name]] = defaultdict(set)
    for delivery in deliveries:
        if delivery["relation"] in PROPAGATED:
            arrived[delivery["producer_service_name"]].add(delivery["system"])
    return arrived


def _find_epochs(facts: Iterable[Row]) -> dict[Name, bool]:
    """Of each service whether the ids of all traces that it begins have the form of X-Ray's:
    its generator makes all of them."""
    epochs: dict[Name, bool] = {}
    for fact in facts:
        if fact["is_root"]:
            service = fact["service_name"]
            epochs[service] = epochs.get(service, True) and fact["epoch_trace"]
    return epochs


def worlds(facts: pl.DataFrame) -> dict[Name, World]:
    """Stable facts (analyzer.stable_facts) by environment."""
    rows: dict[Name, list[Row]] = defaultdict(list)
    for fact in facts.iter_rows(named=True):
        rows[fact["environment"]].append(fact)
    return {environment: World(found) for environment, found in rows.items()}
