"""Seconds by stored spans as an SVG: a line for each number of new spans."""

from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BASE = 640, 320, 60, 110, 40
_COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94")


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: list[tuple[int, float]]
    """Stored spans, CPU seconds."""


def draw_growth(lines: list[Line]) -> str:
    """Both axes begin at zero, so that what is flat looks flat."""
    most = max(x for line in lines for x, _ in line.points)
    highest = max(y for line in lines for _, y in line.points)

    def place(x: float, y: float) -> str:
        across = _LEFT + x / most * (_WIDTH - _LEFT - _RIGHT)
        return f"{across:.1f},{_HEIGHT - _BASE - y / highest * (_HEIGHT - _BASE - 30):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 16, "CPU seconds of a pass by boundary spans stored"),
        f'<polyline points="{place(0, highest)} {place(0, 0)} {place(most, 0)}" fill="none"'
        ' stroke="#666"/>',
    ]
    parts += [_text(8, _y(place(0, y)), f"{y:.2f} s") for y in (0, highest / 2, highest)]
    parts += [
        _text(_x(place(x, 0)) - 20, _HEIGHT - 18, f"{x / 1e6:.1f} M") for x in (0, most / 2, most)
    ]
    for line, colour in zip(lines, _COLOURS, strict=False):
        placed = [place(*point) for point in line.points]
        parts.append(
            f'<polyline points="{" ".join(placed)}" fill="none" stroke="{colour}"'
            ' stroke-width="2"/>'
        )
        parts += [f'<circle cx="{_x(at)}" cy="{_y(at)}" r="3" fill="{colour}"/>' for at in placed]
        parts.append(_text(_x(placed[-1]) + 8, _y(placed[-1]) + 4, line.name))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(place: str) -> float:
    return float(place.split(",")[0])


def _y(place: str) -> float:
    return float(place.split(",")[1])


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="#222">{escape(text)}</text>'
