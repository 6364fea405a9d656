"""What runs between services and destinations: hand-overs gathered by where they come from
and go to, and which of them a map shows. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlencode

from web.addresses import destination_address
from web.flow_map.reports import Place, Reports, edge_place, send_places
from web.shapes import Edge, SentTo

FIRST_DRAWN, MOST_DRAWN = 60, 150  # hand-overs
SHORTEST_NANO = 60_000_000_000

Kind = Literal["destination", "service", "unknown"]


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """`name` is empty where spans do not tell it, the other fields where they do not apply."""

    kind: Kind
    environment: str
    system: str
    scope: str
    name: str


@dataclass(slots=True)
class Flow:
    """Messages of one node to another. Waits are the worst hand-over's, ns."""

    edges: list[Edge] = field(default_factory=list)
    reports: dict[Place, str] = field(default_factory=dict)
    """Addresses of the reports on broken edges, by edge."""
    healed: dict[Place, str] = field(default_factory=dict)
    """The same of edges that broke and connect again."""
    expected: bool = False
    """Some of it lost its context, and that is nobody's mistake or already known."""

    @property
    def count(self) -> int:
        return sum(edge["count"] for edge in self.edges)

    @property
    def connected(self) -> int:
        return sum(edge["connected"] for edge in self.edges)

    @property
    def stitched(self) -> int:
        return sum(edge["relations"]["stitch"] for edge in self.edges)

    @property
    def cut(self) -> bool:
        """Nothing tells of any message who sent it, and that is not reported as broken."""
        known = self.connected + self.stitched
        return not known and not self.reports and not self.healed

    @property
    def per_second(self) -> float:
        return rate_of(*self.edges)

    @property
    def wait_p50(self) -> int | None:
        return max((edge["wait_p50_nano"] or 0 for edge in self._timed()), default=None)

    @property
    def wait_p95(self) -> int | None:
        return max((edge["wait_p95_nano"] or 0 for edge in self._timed()), default=None)

    @property
    def redeliveries(self) -> int:
        return sum(edge["redeliveries"] for edge in self.edges)

    @property
    def dead_letters(self) -> int:
        return sum(edge["dead_letters"] for edge in self.edges)

    @property
    def unreceived(self) -> int:
        """Hand-overs of a fan-out have the same remark, each about the same messages."""
        notes = (note for edge in self.edges for note in edge["notes"])
        return max((note["count"] for note in notes if note["sends"] is not None), default=0)

    @property
    def address(self) -> str:
        """The report where one is broken or healed, else the destination's waits."""
        addresses = sorted(set((self.reports or self.healed).values()))
        edge = self.edges[0]
        if len(addresses) == 1:
            return addresses[0]
        if addresses:
            asked = {"destination": edge["destination"], "service": edge["consumer_service"]}
            told = {name: text for name, text in asked.items() if text}
            state = "broken" if self.reports else "healed"
            return f"/orphans?{urlencode(told | {'state': state}, errors='replace')}"
        return destination_address(edge["system"], edge["scope"], edge["destination"])

    def _timed(self) -> Iterable[Edge]:
        return (edge for edge in self.edges if edge["wait_p50_nano"] is not None)


Flows = Mapping[tuple[Node, Node], Flow]


def rate_of(*edges: Edge) -> float:
    """Messages per second while there were any, a minute at least: a burst is no rate."""
    first = min(edge["first_seen"] for edge in edges)
    last = max(edge["last_seen"] for edge in edges)
    count = sum(edge["count"] for edge in edges)
    return count / (max(last - first, SHORTEST_NANO) / 1e9)


def choose_edges(
    edges: Sequence[Edge], reports: Reports, service: str | None, *, everything: bool
) -> list[Edge]:
    """Those that a map has room for: of the service in focus, then broken, then busiest."""
    near = _destinations_of(edges, service)
    ranked = sorted(
        edges,
        key=lambda edge: (
            _destination(edge) not in near,
            reports.keys().isdisjoint([edge_place(edge), *send_places(edge)]),
            -edge["count"],
            *(text or "" for text in (*edge_place(edge), edge["producer_service"])),
        ),
    )
    return ranked[: MOST_DRAWN if everything else FIRST_DRAWN]


def collect_flows(
    edges: Iterable[Edge],
    reports: Reports,
    healed: Reports | None = None,
    expected: Collection[Place] = (),
    unread: Iterable[Edge] = (),
) -> Flows:
    """By their nodes, in the order of these. A producer that is not known is drawn only
    where no producer of the destination is. What was sent to one destination and taken from
    another goes over both, and is counted at the first only where nothing else is. What is
    `unread` leads to its destination."""
    listed = list(edges)
    known = {_destination(edge) for edge in listed if edge["producer_service"]}
    places = {_destination(edge) for edge in listed}
    ways = [_way(edge, places) for edge in listed]
    flows: dict[tuple[Node, Node], Flow] = {}
    for edge, way in zip(listed, ways, strict=True):
        place = _destination(edge)
        if place in way and (edge["producer_service"] or place not in known):
            _add_sent(flows.setdefault((_producer(edge), place), Flow()), edge, reports, healed)
        received = flows.setdefault((place, _consumer(edge)), Flow())
        received.edges.append(edge)
        received.reports.update(reports.get(edge_place(edge), {}))
        received.healed.update((healed or {}).get(edge_place(edge), {}))
        received.expected |= edge_place(edge) in expected
    straight = set(flows)
    for edge, way in zip(listed, ways, strict=True):
        place = _destination(edge)
        for before in (node for node in way if node != place):
            if (_producer(edge), before) not in straight:
                _add_sent(
                    flows.setdefault((_producer(edge), before), Flow()), edge, reports, healed
                )
            flows.setdefault((before, place), Flow()).edges.append(edge)
    for edge in unread:
        sent = flows.setdefault((_producer(edge), _destination(edge)), Flow())
        _add_sent(sent, edge, reports, healed)
    return dict(sorted(flows.items()))


def _add_sent(flow: Flow, edge: Edge, reports: Reports, healed: Reports | None) -> None:
    flow.edges.append(edge)
    for place in send_places(edge):
        flow.reports.update(reports.get(place, {}))
        flow.healed.update((healed or {}).get(place, {}))


def neighbourhood(flows: Flows, service: str) -> set[tuple[Node, Node]]:
    """Pairs on the ways over the destinations of a service."""
    after = {pair[1] for pair in flows if _is_service(pair[0], service)}
    before = {pair[0] for pair in flows if _is_service(pair[1], service)}
    between = [pair for pair in flows if is_between(pair)]
    places = _follow(after, between) | _follow(before, [(to, at) for at, to in between])
    return {pair for pair in flows if pair[0] in places or pair[1] in places}


def is_between(pair: tuple[Node, Node]) -> bool:
    """From one destination to the next."""
    return all(node.kind == "destination" for node in pair)


def _follow(nodes: set[Node], pairs: Iterable[tuple[Node, Node]]) -> set[Node]:
    """With all that pairs lead to from there."""
    further = {to for at, to in pairs if at in nodes} - nodes
    return _follow(nodes | further, pairs) if further else nodes


def _is_service(node: Node, name: str) -> bool:
    return node.kind == "service" and node.name == name


def _destinations_of(edges: Iterable[Edge], service: str | None) -> set[Node]:
    if service is None:
        return set()
    return {
        _destination(edge)
        for edge in edges
        if service in (edge["producer_service"], edge["consumer_service"])
    }


def _producer(edge: Edge) -> Node:
    if edge["producer_service"]:
        return Node("service", edge["environment"] or "", "", "", edge["producer_service"])
    place = _destination(edge)
    return Node("unknown", place.environment, place.system, place.scope, place.name)


def _consumer(edge: Edge) -> Node:
    return Node("service", edge["environment"] or "", "", "", edge["consumer_service"] or "")


def _destination(edge: Edge, place: Edge | SentTo | None = None) -> Node:
    """That the messages were taken from, or another `place` of theirs."""
    told = edge if place is None else place
    return Node(
        "destination",
        edge["environment"] or "",
        told["system"] or "",
        told["scope"] or "",
        told["destination"] or "",
    )


def _way(edge: Edge, places: Collection[Node]) -> list[Node]:
    """Where its messages were sent to; as one of the `places` that is called so where the
    sends do not tell its scope, or deliveries do not."""
    sent = [_destination(edge, place) for place in edge["sent_to"]]
    return [_like(node, places) for node in sent] or [_destination(edge)]


def _like(node: Node, places: Collection[Node]) -> Node:
    if node in places:
        return node
    alike = [
        each
        for each in places
        if replace(each, scope=node.scope) == node and not (each.scope and node.scope)
    ]
    return alike[0] if len(alike) == 1 else node
