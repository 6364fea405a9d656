"""Places for the boxes and lines of a layered drawing, by the graph-layout library. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import graphlay

Point = tuple[float, float]

# The library holds the interpreter while it draws. So: a hundred lines in some hundredths of
# a second, and tangles of hundreds not at their best, but in half a second.
_OPTIONS = {
    "direction": "leftright",
    "effort": "fast",
    "tuning": {"coords": {"simplex_max_nodes": 1500}, "routing": {"port_relax_rounds": 4}},
    "spacing": {"layer_gap": 22.0, "node_gap": 14.0, "dummy_gap": 14.0, "isolated_gap": 14.0},
}
_MARGIN = 12.0


@dataclass(frozen=True, slots=True)
class Box:
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """From one box to another, by their numbers."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Pixels from the upper left corner."""

    width: float
    height: float
    centres: tuple[Point, ...]
    """Of the boxes, in their order."""
    paths: tuple[tuple[Point, ...], ...]
    """Of the lines, in their order: from the border of one box to that of the other."""
    labels: tuple[Point, ...]
    """Centres of the lines' labels, in the order of the lines."""


@lru_cache(maxsize=32)  # figures change all the time, the shape of the system seldom
def lay_out(boxes: tuple[Box, ...], lines: tuple[Line, ...], label: Box) -> Layout:
    """Boxes in layers from left to right, where circles allow it. The same for the same
    input. Every line has a label of the same size, which is a box of its own on the way:
    so neither boxes nor labels overlap, and no other line runs through them."""
    if not boxes:
        return Layout(0, 0, (), (), ())
    ways = [
        (Line(line.source, own), Line(own, line.target))
        for own, line in enumerate(lines, start=len(boxes))
    ]
    drawn = graphlay.layout(
        {
            "nodes": [
                {"size": {"width": box.width, "height": box.height}, "shape": "box"}
                for box in (*boxes, *(label for _ in lines))
            ],
            "edges": [{"source": part.source, "target": part.target} for part in chain(*ways)],
        },
        options=_OPTIONS,
    )
    low, high = drawn.bounds["min"], drawn.bounds["max"]

    def shift(found: Mapping[str, float]) -> Point:
        return round(found["x"] - low["x"] + _MARGIN, 1), round(found["y"] - low["y"] + _MARGIN, 1)

    centres = tuple(shift(node["center"]) for node in drawn.nodes)
    parts = [tuple(shift(point) for point in edge["points"]) for edge in drawn.edges]
    return Layout(
        width=round(high["x"] - low["x"] + 2 * _MARGIN, 1),
        height=round(high["y"] - low["y"] + 2 * _MARGIN, 1),
        centres=centres[: len(boxes)],
        paths=tuple(
            (*first, *second) for first, second in zip(parts[::2], parts[1::2], strict=True)
        ),
        labels=centres[len(boxes) :],
    )
