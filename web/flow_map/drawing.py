"""The flow map: services and destinations as boxes, what runs between them as lines. Pure;
pixels of a drawing of its own size."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from math import hypot, log10
from urllib.parse import urlencode

from analyzer.retry_topics import DEAD_LETTER
from web.addresses import destination_address
from web.flow_map.flows import Flow, Flows, Kind, Node, is_between, neighbourhood
from web.flow_map.layout import Box, Line, Point, lay_out
from web.flow_map.reports import Place
from web.words import (
    cut_text,
    say_count,
    say_deliveries,
    say_duration,
    say_plural,
    say_rate,
    say_share,
    say_system,
    stable_key,
)

BOX, LABEL = Box(152, 44), Box(68, 16)
_LONGEST = 19  # letters that the box has room for
_CORNER = 6.0
_LETTER = 6.4  # of a label, about
_LABEL_LETTERS = 10
_DEAD_LETTER = re.compile(DEAD_LETTER)


@dataclass(frozen=True, slots=True)
class NodeView:
    key: str
    """Stays the same while figures change."""
    kind: Kind
    x: float
    y: float
    label: str
    title: str
    below: str
    hue: int | None
    href: str
    dead_letter: bool
    near: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class EdgeView:
    key: str
    path: str
    width: str
    broken: int
    """How many edges of the report it stands for."""
    stitched: bool
    healed: bool
    cut: bool
    """No message has a known producer, which is expected or not settled."""
    newest: bool
    """It broke last of all."""
    label: str
    x: float
    y: float
    plate: int
    """Width of what is behind the label, so that the line does not strike it through."""
    title: str
    href: str
    near: bool


@dataclass(frozen=True, slots=True)
class FlowMap:
    width: float
    height: float
    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]
    broken: int


def draw_map(
    flows: Flows,
    hues: Mapping[str, int],
    service: str | None = None,
    newest: Place | None = None,
) -> FlowMap:
    """With a `service` its neighbourhood is near and the rest is not. `newest` is the edge that
    broke last."""
    nodes = sorted({node for pair in flows for node in pair})
    number = {node: index for index, node in enumerate(nodes)}
    lines = tuple(Line(number[source], number[target]) for source, target in flows)
    layout = lay_out((BOX,) * len(nodes), lines, LABEL)
    near = set(flows) if service is None else neighbourhood(flows, service)
    kept = {node for pair in near for node in pair}
    several = len({node.environment for node in nodes}) > 1
    return FlowMap(
        width=layout.width,
        height=layout.height,
        nodes=tuple(
            _view_node(node, centre, hues, service, near=node in kept, told=several)
            for node, centre in zip(nodes, layout.centres, strict=True)
        ),
        edges=tuple(
            _view_edge(pair, flow, path, label, near=pair in near, newest=newest in flow.reports)
            for (pair, flow), path, label in zip(
                flows.items(), layout.paths, layout.labels, strict=True
            )
        ),
        broken=len({place for flow in flows.values() for place in flow.reports}),
    )


def is_dead_letter(destination: str) -> bool:
    """By its name, as the analyzer knows it."""
    return bool(_DEAD_LETTER.search(destination))


def _view_node(
    node: Node,
    centre: Point,
    hues: Mapping[str, int],
    service: str | None,
    *,
    near: bool,
    told: bool,
) -> NodeView:
    chosen = node.kind == "service" and bool(node.name) and node.name == service
    dead_letter = node.kind == "destination" and is_dead_letter(node.name)
    name, about, href = node.name or "unknown service", [], "/"
    if node.kind == "unknown":
        name = "unknown producer"
        href = f"/orphans?{urlencode({'destination': node.name}, errors='replace')}"
        href = href if node.name else "/orphans"
    elif node.kind == "destination":
        name = node.name or "unknown destination"
        about = [say_system(node.system) or "", "dead letters" if dead_letter else ""]
        href = _address(node)
    elif node.name and not chosen:
        href = f"/?{urlencode({'service': node.name}, errors='replace')}"
    below = [text for text in (*about, node.environment if told else "") if text]
    return NodeView(
        key=stable_key(*astuple(node)),
        kind=node.kind,
        x=round(centre[0] - BOX.width / 2, 1),
        y=round(centre[1] - BOX.height / 2, 1),
        label=cut_text(name, _LONGEST - (2 if node.kind == "service" else 0)),
        title=" · ".join([name, *below, *([node.scope] if node.scope and about else [])]),
        below=cut_text(" · ".join(below), _LONGEST + 4),
        hue=hues.get(node.name, 0) if node.kind == "service" else None,
        href=href,
        dead_letter=dead_letter,
        near=near,
        chosen=chosen,
    )


def _address(destination: Node) -> str:
    return destination_address(destination.system, destination.scope, destination.name)


def _view_edge(
    pair: tuple[Node, Node],
    flow: Flow,
    path: Sequence[Point],
    label: Point,
    *,
    near: bool,
    newest: bool,
) -> EdgeView:
    received = pair[1].kind == "service"
    text = _label(flow) if received else say_rate(flow.per_second)
    return EdgeView(
        key=stable_key(*astuple(pair[0]), *astuple(pair[1])),
        path=round_path(path),
        width=f"{_width(flow):.1f}",
        broken=len(flow.reports),
        stitched=received and not flow.reports and not flow.healed and flow.stitched > 0,
        healed=bool(flow.healed) and not flow.reports,
        cut=received and flow.cut,
        newest=newest,
        label=cut_text(text, _LABEL_LETTERS),
        x=label[0],
        y=label[1],
        plate=min(round(_LETTER * min(len(text), _LABEL_LETTERS)) + 8, int(LABEL.width)),
        title=_tell(pair, flow, received=received),
        href=flow.address if received else _address(pair[1]),
        near=near,
    )


def _width(flow: Flow) -> float:
    """By the rate: half as wide again for ten times as many. A broken one is never thin."""
    width = 1.5 + min(max(log10(60 * flow.per_second), 0), 4.5)
    return max(width, 2.5) if flow.reports else width


def _label(flow: Flow) -> str:
    if flow.reports or flow.connected < flow.count:
        if flow.healed and not flow.reports:
            return "✓ healed"
        share = say_share(flow.connected, flow.count)
        mark = "✕ " if flow.reports else "⇢ " if flow.cut else ""
        return f"{mark}{share}"
    if flow.unreceived:
        return f"{say_count(flow.unreceived)} missing"
    wait = flow.wait_p50
    return say_duration(wait) if wait is not None and wait > 0 else say_rate(flow.per_second)


def _tell(pair: tuple[Node, Node], flow: Flow, *, received: bool) -> str:
    names = " → ".join("unknown producer" if n.kind == "unknown" else n.name or "?" for n in pair)
    told = [say_deliveries(flow.count), say_rate(flow.per_second)]
    if is_between(pair):
        told.append("sent to the one, taken from the other")
    if received:
        share = say_share(flow.connected, flow.count)
        told.append(f"{share} connected ({say_count(flow.connected)})")
        if flow.stitched:
            told.append(f"{say_count(flow.stitched)} stitched")
        if flow.wait_p50 is not None and flow.wait_p95 is not None:
            waits = f"{say_duration(flow.wait_p50)}, p95 {say_duration(flow.wait_p95)}"
            told.append(f"wait p50 {waits}")
        told += [
            f"{say_count(number)} {what}"
            for number, what in (
                (flow.redeliveries, "redelivered"),
                (flow.dead_letters, "dead letters"),
                (flow.unreceived, "received by nobody"),
            )
            if number
        ]
    if flow.reports:
        told.insert(0, f"{say_plural(len(flow.reports), 'edge')} broken")
    elif flow.healed:
        told.insert(0, "healed: the newest deliveries connect again")
    elif received and flow.expected:
        told.insert(0, "cut, as expected" if flow.cut else "cut in part, as expected")
    elif received and flow.cut:
        told.insert(0, "cut, but may still connect")
    return f"{names}: {' · '.join(told)}"


def round_path(points: Sequence[Point]) -> str:
    """A polyline with round corners, as SVG writes paths."""
    parts = [f"M{_xy(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        parts.append(f"L{_xy(_toward(corner, before))}Q{_xy(corner)} {_xy(_toward(corner, after))}")
    parts.append(f"L{_xy(points[-1])}")
    return "".join(parts)


def _toward(start: Point, end: Point) -> Point:
    """The point where the rounding of a corner begins: never beyond half of its side."""
    length = hypot(end[0] - start[0], end[1] - start[1])
    share = min(_CORNER, length / 2) / length if length else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _xy(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}".replace(".0", "")
