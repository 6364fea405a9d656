"""Where the labels of the flow map's lines stand. Pure; in pixels."""

from collections.abc import Iterable, Iterator, Sequence

Point = tuple[int, int]

_WIDTH, _HEIGHT = 60, 15
_BELOW = 4  # from the middle of a text to its base line
# Shares of the way along a line, the middle first.
_SHARES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)


def place_label(start: Point, bend: int, end: Point, taken: Sequence[Point]) -> Point:
    """The point of a line nearest to its middle that no label in `taken` covers; its
    middle if there is none. The line is a Bezier curve that leaves `start` and reaches
    `end` horizontally, with control points `bend` away."""
    points = list(_along(start, bend, end))
    return next((point for point in points if _is_free(point, taken)), points[0])


def _along(start: Point, bend: int, end: Point) -> Iterator[Point]:
    for share in _SHARES:
        rest = 1 - share
        near, far = rest**3 + 3 * rest**2 * share, 3 * rest * share**2 + share**3
        pull = 3 * bend * rest * share * (rest - share)
        x = near * start[0] + far * end[0] + pull
        yield round(x), round(near * start[1] + far * end[1]) + _BELOW


def _is_free(point: Point, taken: Iterable[Point]) -> bool:
    return all(abs(point[0] - x) >= _WIDTH or abs(point[1] - y) >= _HEIGHT for x, y in taken)
