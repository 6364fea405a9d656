"""Axis, grid and minimap of a waterfall, as the templates draw them. Places are per cent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from web.waterfall.layout import Waterfall
from web.waterfall.timescale import TimeScale
from web.words import say_duration, say_tick

MAP_HEIGHT = 42
_MOST_BLOCKS = 300  # more would be narrower than a pixel
_LETTER, _APART = 7.5, 4.0  # pixels of a label on the axis
# Shortest axes, in pixels, of what web/static/waterfall.css calls so.
_DESK, _PHONE = 390, 300


@dataclass(frozen=True, slots=True)
class TickView:
    place: str
    text: str
    folded: bool
    last: bool
    first: bool
    desk: bool
    """Its label finds room on the shortest axis beside names."""
    phone: bool
    """The same below names, where folded ones are not shown."""


@dataclass(frozen=True, slots=True)
class BlockView:
    """Neighbouring rows on the minimap."""

    left: str
    width: str
    top: float
    height: float
    hue: int
    error: bool


@dataclass(frozen=True, slots=True)
class AxisView:
    """`whole` is how long everything is, in nanoseconds; `breaks` where each stretch of the
    axis begins and lies, so that the script can tell times by places. `shown` is left and
    width of what is shown on the minimap."""

    ticks: tuple[TickView, ...]
    folds: tuple[tuple[str, str], ...]  # left and width
    whole: int
    breaks: str
    map_breaks: str
    shown: tuple[str, str]


def percent(fraction: float) -> str:
    return f"{100 * fraction:.3f}%"


def view_axis(scale: TimeScale, whole: TimeScale) -> AxisView:
    ticks = scale.ticks()
    texts = [
        f"… {say_duration(tick.nano)} …" if tick.folded else say_tick(tick.nano) for tick in ticks
    ]
    labels = {number: (tick.place, texts[number]) for number, tick in enumerate(ticks)}
    desk = choose_labels(labels, _DESK)
    plain = {number: label for number, label in labels.items() if not ticks[number].folded}
    phone = choose_labels(plain, _PHONE)
    left, right = whole.place(scale.start), whole.place(scale.end)
    return AxisView(
        ticks=tuple(
            TickView(
                place=percent(tick.place),
                text=texts[number],
                folded=tick.folded,
                first=number == 0,
                last=number == len(ticks) - 1,
                desk=number in desk,
                phone=number in phone,
            )
            for number, tick in enumerate(ticks)
        ),
        folds=tuple((percent(fold.left), percent(fold.right - fold.left)) for fold in scale.folds),
        whole=whole.end - whole.origin,
        breaks=_breaks(scale),
        map_breaks=_breaks(whole),
        shown=(percent(left), percent(right - left)),
    )


def choose_labels(labels: Mapping[int, tuple[float, str]], width: float) -> set[int]:
    """Numbers of those, in their order, that do not touch on an axis of this width: the ends,
    and from the left what finds room. A label is its place and text; those of the ends stand
    inside of the axis."""
    first, last = min(labels), max(labels)
    kept = {first, last}
    taken = _LETTER * len(labels[first][1]) + _APART
    end = width - _LETTER * len(labels[last][1]) - _APART
    for number, (place, text) in labels.items():
        middle, half = place * width, _LETTER * len(text) / 2
        if number not in kept and middle - half >= taken and middle + half <= end:
            kept.add(number)
            taken = middle + half + _APART
    return kept


def _breaks(scale: TimeScale) -> str:
    """`place:nano` of every end of a stretch."""
    first = scale.segments[0]
    ends = [(first.left, first.start), *((each.right, each.end) for each in scale.segments)]
    return " ".join(f"{place:.9g}:{instant - scale.origin}" for place, instant in ends)


def view_minimap(fall: Waterfall, hues: Mapping[str, int]) -> list[BlockView]:
    """All rows at a time: blocks of neighbours, from the earliest start to the latest end."""
    picture, count = fall.picture, len(fall)
    step = -(-count // _MOST_BLOCKS)
    rows, spans = fall.span_rows()
    firsts = np.flatnonzero(np.diff(rows // step, prepend=-1))  # of each block that has spans
    started = np.minimum.reduceat(_column(picture.start, np.int64)[spans], firsts)
    ended = np.maximum.reduceat(_column(picture.end, np.int64)[spans], firsts)
    failed = np.logical_or.reduceat(_column(picture.failed, np.bool_)[spans], firsts)
    blocks = []
    for at, start, end, error in zip(firsts, started.tolist(), ended.tolist(), failed, strict=True):
        first = int(rows[at]) // step * step
        left, right = fall.scale.place(start), fall.scale.place(end)
        height = MAP_HEIGHT * min(step, count - first) / count - 1
        blocks.append(
            BlockView(
                left=percent(left),
                width=percent(right - left),
                top=round(MAP_HEIGHT * first / count, 2),
                height=round(max(height, 1.0), 2),
                hue=hues.get(picture.services[picture.service[spans[at]]] or "", 0),
                error=bool(error),
            )
        )
    return blocks


def _column(values: Sequence[Any], kind: type[Any]) -> "np.ndarray[tuple[int], np.dtype[Any]]":
    return np.fromiter(values, kind, len(values))
