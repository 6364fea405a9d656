"""The flow map: services and destinations in layers from left to right. Pure; the
coordinates are pixels of a drawing of its own size."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Literal
from urllib.parse import quote

from web.destinations import destination_address
from web.map_labels import Point, place_label
from web.reports import GroupView
from web.shapes import Edge
from web.words import say_count, say_duration, say_share, say_system

_BOX_WIDTH, _BOX_HEIGHT = 156, 44
_COLUMN, _LINE, _MARGIN = 248, 68, 16
_LONGEST = 19
_SWEEPS = 4

Node = tuple[str, ...]  # ("service", name) or ("destination", system, scope, name)


@dataclass(frozen=True, slots=True)
class NodeView:
    kind: Literal["service", "destination", "unknown"]
    x: int
    y: int
    width: int
    height: int
    label: str
    title: str
    below: str
    hue: int | None
    href: str


@dataclass(frozen=True, slots=True)
class EdgeView:
    path: str
    width: str
    broken: bool
    stitched: bool
    label: str
    label_x: int
    label_y: int
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class FlowMap:
    width: int
    height: int
    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]


@dataclass(slots=True)
class _Flow:
    """What runs between two nodes."""

    count: int = 0
    connected: int = 0
    stitched: int = 0
    wait: int | None = None
    href: str = ""
    broken: bool = False
    unreceived: int = 0

    def add(self, edge: Edge) -> None:
        # Edges of a fan-out have the same remark, each about the same messages.
        told = (note["count"] for note in edge["notes"] if note["sends"] is not None)
        self.unreceived = max([self.unreceived, *told])
        self.count += edge["count"]
        self.connected += edge["connected"]
        self.stitched += edge["relations"]["stitch"]
        wait = edge["wait_p50_nano"]
        if wait is not None:
            self.wait = wait if self.wait is None else max(self.wait, wait)


def draw_map(
    edges: Sequence[Edge], broken: Sequence[GroupView], hues: Mapping[str, int]
) -> FlowMap:
    """Edges of the store; `broken` are the groups that make an edge lead to its report."""
    flows = _collect(edges, broken)
    layers = _layers(list(flows))
    order = _order(layers, flows)
    rows = max((len(column) for column in order), default=1)
    places: dict[Node, tuple[int, int]] = {}
    for number, column in enumerate(order):
        top = _MARGIN + (rows - len(column)) * _LINE // 2
        for row, node in enumerate(column):
            places[node] = (_MARGIN + number * _COLUMN, top + row * _LINE)
    return FlowMap(
        width=2 * _MARGIN + max(len(order) - 1, 0) * _COLUMN + _BOX_WIDTH,
        height=2 * _MARGIN + rows * _LINE - (_LINE - _BOX_HEIGHT),
        nodes=tuple(_node(node, *places[node], hues) for column in order for node in column),
        edges=_edges(flows, places),
    )


def _collect(edges: Sequence[Edge], broken: Sequence[GroupView]) -> dict[tuple[Node, Node], _Flow]:
    reports = {
        _kind(view.group["destination"], view.group["consumer_service"]): view.key
        for view in reversed(broken)
    }
    known = {_destination(edge) for edge in edges if edge["producer_service"]}
    flows: dict[tuple[Node, Node], _Flow] = defaultdict(_Flow)
    for edge in edges:
        place = _destination(edge)
        if edge["producer_service"] or place not in known:
            sent = flows[(_service(edge["producer_service"]), place)]
            sent.add(edge)
            sent.href = destination_address(edge["system"], edge["scope"], edge["destination"])
        received = flows[(place, _service(edge["consumer_service"]))]
        received.add(edge)
        report = reports.get(_kind(edge["destination"], edge["consumer_service"]))
        received.broken = received.broken or report is not None
        received.href = (
            f"/orphans/{report}"
            if report is not None
            else destination_address(edge["system"], edge["scope"], edge["destination"])
        )
    return flows


def _kind(destination: str | None, consumer: str | None) -> tuple[str | None, str | None]:
    return destination, consumer


def _service(name: str | None) -> Node:
    return ("service", name) if name else ("unknown", "")


def _destination(edge: Edge) -> Node:
    return ("destination", edge["system"] or "", edge["scope"] or "", edge["destination"] or "")


def _layers(pairs: Sequence[tuple[Node, Node]]) -> dict[Node, int]:
    """Longest way from the left; edges that close a circle do not count."""
    after: dict[Node, list[Node]] = defaultdict(list)
    targets = {right for _, right in pairs}
    for left, right in sorted(pairs):
        after[left].append(right)
    layer: dict[Node, int] = {}
    nodes = sorted({node for pair in pairs for node in pair}, key=lambda n: (n in targets, n))
    finished: list[Node] = []  # every node behind those that come after it
    forward: dict[Node, list[Node]] = defaultdict(list)
    state: dict[Node, int] = {}
    for start in nodes:
        if start in state:
            continue
        state[start] = 1
        stack = [(start, iter(after[start]))]
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                finished.append(node)
                stack.pop()
            elif state.get(following) != 1:
                forward[node].append(following)
                if following not in state:
                    state[following] = 1
                    stack.append((following, iter(after[following])))
    for node in reversed(finished):
        layer.setdefault(node, 0)
        for following in forward[node]:
            layer[following] = max(layer.get(following, 0), layer[node] + 1)
    return layer


def _order(
    layers: Mapping[Node, int], flows: Mapping[tuple[Node, Node], _Flow]
) -> list[list[Node]]:
    """Columns; nodes near what they are connected with."""
    columns: list[list[Node]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in sorted(layers):
        columns[layers[node]].append(node)
    for sweep in range(_SWEEPS):
        columns = _sweep(columns, flows, forward=sweep % 2 == 0)
    return columns


def _sweep(
    columns: list[list[Node]], flows: Mapping[tuple[Node, Node], _Flow], *, forward: bool
) -> list[list[Node]]:
    place = {
        node: row - (len(column) - 1) / 2 for column in columns for row, node in enumerate(column)
    }
    near: dict[Node, list[float]] = defaultdict(list)
    for left, right in flows:
        node, other = (right, left) if forward else (left, right)
        near[node].append(place[other])
    wanted = {
        node: sum(near[node]) / len(near[node]) if node in near else place[node] for node in place
    }
    return [sorted(column, key=lambda node: (wanted[node], node)) for column in columns]


def _node(node: Node, x: int, y: int, hues: Mapping[str, int]) -> NodeView:
    kind = node[0]
    if kind == "service":
        label, below, hue = node[1], "", hues.get(node[1], 0)
        href = f"/search?service={_quoted(node[1])}"
    elif kind == "unknown":
        label, below, hue, href = "unknown producer", "", None, "/orphans"
    else:
        label = node[3] or "unknown"
        below, hue = say_system(node[1]) or "", None
        href = destination_address(node[1], node[2], node[3])
    return NodeView(
        kind="service" if kind == "service" else "unknown" if kind == "unknown" else "destination",
        x=x,
        y=y,
        width=_BOX_WIDTH,
        height=_BOX_HEIGHT,
        label=label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…",
        title=label,
        below=below,
        hue=hue,
        href=href,
    )


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _edges(
    flows: Mapping[tuple[Node, Node], _Flow], places: Mapping[Node, tuple[int, int]]
) -> tuple[EdgeView, ...]:
    """By column and from top to bottom: so labels find room in the order of their lines."""
    drawn: list[EdgeView] = []
    taken: list[Point] = []
    for pair, flow in sorted(flows.items(), key=lambda each: [places[n] for n in each[0]]):
        edge = _edge(pair, flow, places, taken)
        if edge.label:
            taken.append((edge.label_x, edge.label_y))
        drawn.append(edge)
    return tuple(drawn)


def _edge(
    pair: tuple[Node, Node],
    flow: _Flow,
    places: Mapping[Node, tuple[int, int]],
    taken: Sequence[Point],
) -> EdgeView:
    (left, top), (right, bottom) = places[pair[0]], places[pair[1]]
    x1, y1 = left + _BOX_WIDTH, top + _BOX_HEIGHT // 2
    x2, y2 = right, bottom + _BOX_HEIGHT // 2
    bend = max((x2 - x1) // 2, 36)
    label_x, label_y = place_label((x1, y1), bend, (x2, y2), taken)
    received = pair[0][0] == "destination"
    words = []
    if received and flow.connected < flow.count:
        words.append(say_share(flow.connected, flow.count))
    elif received and flow.wait is not None and flow.wait > 0:
        words.append(say_duration(flow.wait))
    if received and flow.unreceived:
        words.append(f"{say_count(flow.unreceived)} unreceived")
    names = " → ".join(node[-1] or "unknown" for node in pair)
    told = f"{flow.connected} of {flow.count} connected"
    wait = f", median wait {say_duration(flow.wait)}" if flow.wait is not None else ""
    return EdgeView(
        path=f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}",
        width=f"{min(1.5 + log10(max(flow.count, 1)), 6):.1f}",
        broken=received and flow.broken,
        stitched=received and not flow.broken and flow.stitched > 0,
        label=" · ".join(words),
        label_x=label_x,
        label_y=label_y,
        title=f"{names}: {told}{wait}" if received else names,
        href=flow.href,
    )
