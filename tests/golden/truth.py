"""Compares answers with the truth of a recording. Pure functions.

The fields of the truth are described in sample_data/recordings/README.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Ids = tuple[str, str]
Fact = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Connection:
    producer: Ids
    consumer: Ids
    relation: str
    confidence: float = 1.0
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Orphan:
    root: Ids
    cause: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found and what differs; when answers and truth agree, only the lists that
    begin with "found" hold anything."""

    found_edges: list[tuple[Fact, Connection]]
    """Deliveries with the connection that shows each."""
    wrong_edges: list[Connection]
    """Connections that no delivery explains, and a second one for the same delivery."""
    missed_edges: list[Fact]
    """Deliveries, both of whose ends are in the data, that no connection shows."""
    wrong_relations: list[Connection]
    found_orphans: list[tuple[Fact, Orphan]]
    false_orphans: list[Orphan]
    missed_orphans: list[Fact]
    wrong_causes: list[tuple[Orphan, str]]
    """Orphan roots with a cause that is neither the true one nor like it."""
    other_causes: list[tuple[Orphan, str]]
    """Orphan roots with a cause that the spans alone cannot tell from the true one."""


def compare(
    truth: Fact, connections: Iterable[Connection], orphans: Iterable[Orphan]
) -> Comparison:
    found_edges, wrong_edges = _compare_edges(truth["edges"], list(connections))
    shown = {id(edge) for edge, _ in found_edges}
    found = {orphan.root: orphan for orphan in orphans}
    found_orphans: list[tuple[Fact, Orphan]] = []
    missed_orphans: list[Fact] = []
    wrong_causes, other_causes = [], []
    for lost in truth["orphan_roots"]:
        places = [ids_of(lost), *map(ids_of, _listed(lost.get("same_as")))]
        answers = [found.pop(place) for place in places if place in found]
        if not answers:
            missed_orphans.append(lost)
        found_orphans += ((lost, orphan) for orphan in answers[:1])
        for orphan in answers:
            if orphan.cause in lost["also_ok"]:
                other_causes.append((orphan, lost["cause"]))
            elif orphan.cause != lost["cause"]:
                wrong_causes.append((orphan, lost["cause"]))
    return Comparison(
        found_edges=found_edges,
        wrong_edges=wrong_edges,
        missed_edges=[
            edge for edge in truth["edges"] if can_be_found(edge) and id(edge) not in shown
        ],
        wrong_relations=[
            connection
            for edge, connection in found_edges
            # A true relation of "none" or "same_trace" can only be inferred.
            if connection.relation
            != (edge["relation"] if edge["relation"] in {"parent", "link"} else "stitch")
        ],
        found_orphans=found_orphans,
        false_orphans=list(found.values()),
        missed_orphans=missed_orphans,
        wrong_causes=wrong_causes,
        other_causes=other_causes,
    )


def _compare_edges(
    edges: list[Fact], connections: list[Connection]
) -> tuple[list[tuple[Fact, Connection]], list[Connection]]:
    """What was found and what is wrong. A pair of spans may stand for several messages
    (a batch sent and received at once): its one connection shows all of them."""
    deliveries = deliveries_between(edges)
    shown: dict[int, Connection] = {}
    wrong, right = [], []
    for connection in connections:
        numbers = deliveries.get((connection.producer, connection.consumer), [])
        new = [number for number in numbers if number not in shown]
        if new:
            shown[new[0]] = connection
            right.append((numbers, connection))
        else:
            wrong.append(connection)
    for numbers, connection in right:
        for number in numbers:
            shown.setdefault(number, connection)
    return [(edges[number], connection) for number, connection in shown.items()], wrong


def deliveries_between(edges: list[Fact]) -> dict[tuple[Ids, Ids], list[int]]:
    """Every pair of spans that is right -> the numbers of the deliveries it shows."""
    deliveries: dict[tuple[Ids, Ids], list[int]] = {}
    for number, edge in enumerate(edges):
        for producer in _ends(edge, "producer", "producer_alt"):
            for consumer in _ends(edge, "consumer", "consumer_root", "via", "consumer_alt"):
                deliveries.setdefault((producer, consumer), []).append(number)
    return deliveries


def can_be_found(edge: Fact) -> bool:
    """Both ends of the delivery are in the data."""
    return bool(
        edge["producer"] and edge["producer_exported"] and edge.get("consumer_exported", True)
    )


def _ends(edge: Fact, *fields: str) -> set[Ids]:
    return {ids_of(end) for field in fields for end in _listed(edge.get(field))}


def _listed(value: Any) -> list[Fact]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def ids_of(fact: Fact) -> Ids:
    return fact["trace_id"], fact["span_id"]
