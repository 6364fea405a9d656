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


@dataclass(frozen=True, slots=True)
class Orphan:
    root: Ids
    cause: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs; every list is empty when answers and truth agree."""

    wrong_edges: list[Connection]
    """Connections that no delivery explains, and a second one for the same delivery."""
    missed_edges: list[Fact]
    """Deliveries, both of whose ends are in the data, that no connection shows."""
    wrong_relations: list[Connection]
    false_orphans: list[Orphan]
    missed_orphans: list[Fact]
    wrong_causes: list[tuple[Orphan, str]]
    """Orphan roots with a cause that is neither the true one nor like it."""
    other_causes: list[tuple[Orphan, str]]
    """Orphan roots with a cause that the spans alone cannot tell from the true one."""


def compare(
    truth: Fact, connections: Iterable[Connection], orphans: Iterable[Orphan]
) -> Comparison:
    wrong_edges, missed_edges, wrong_relations = _compare_edges(truth["edges"], list(connections))
    found = {orphan.root: orphan for orphan in orphans}
    missed_orphans: list[Fact] = []
    wrong_causes, other_causes = [], []
    for lost in truth["orphan_roots"]:
        places = [ids_of(lost), *map(ids_of, _listed(lost.get("same_as")))]
        answers = [found.pop(place) for place in places if place in found]
        if not answers:
            missed_orphans.append(lost)
        for orphan in answers:
            if orphan.cause in lost["also_ok"]:
                other_causes.append((orphan, lost["cause"]))
            elif orphan.cause != lost["cause"]:
                wrong_causes.append((orphan, lost["cause"]))
    return Comparison(
        wrong_edges=wrong_edges,
        missed_edges=missed_edges,
        wrong_relations=wrong_relations,
        false_orphans=list(found.values()),
        missed_orphans=missed_orphans,
        wrong_causes=wrong_causes,
        other_causes=other_causes,
    )


def _compare_edges(
    edges: list[Fact], connections: list[Connection]
) -> tuple[list[Connection], list[Fact], list[Connection]]:
    deliveries: dict[tuple[Ids, Ids], int] = {}
    for number, edge in enumerate(edges):
        for producer in _ends(edge, "producer", "producer_alt"):
            for consumer in _ends(edge, "consumer", "consumer_root", "via", "consumer_alt"):
                deliveries.setdefault((producer, consumer), number)
    wrong, relations = [], []
    shown: set[int] = set()
    for connection in connections:
        number = deliveries.get((connection.producer, connection.consumer), -1)
        if number < 0 or number in shown:
            wrong.append(connection)
            continue
        shown.add(number)
        # A true relation of "none" or "same_trace" can only be inferred.
        relation = edges[number]["relation"]
        if connection.relation != (relation if relation in {"parent", "link"} else "stitch"):
            relations.append(connection)
    missed = [
        edge
        for number, edge in enumerate(edges)
        if number not in shown
        and edge["producer"]
        and edge["producer_exported"]
        and edge["consumer_exported"]
    ]
    return wrong, missed, relations


def _ends(edge: Fact, *fields: str) -> set[Ids]:
    return {ids_of(end) for field in fields for end in _listed(edge.get(field))}


def _listed(value: Any) -> list[Fact]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def ids_of(fact: Fact) -> Ids:
    return fact["trace_id"], fact["span_id"]
