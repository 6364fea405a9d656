"""Axis, grid and minimap of a waterfall, as the templates draw them. Places are per cent."""

from collections.abc import Mapping
from dataclasses import dataclass

from web.waterfall.layout import Waterfall
from web.waterfall.picture import NOBODY
from web.waterfall.timescale import TimeScale
from web.words import say_duration, say_tick

MAP_HEIGHT = 42
_MOST_BLOCKS = 300  # more would be narrower than a pixel


@dataclass(frozen=True, slots=True)
class TickView:
    place: str
    text: str
    folded: bool
    last: bool
    first: bool


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
    left, right = whole.place(scale.start), whole.place(scale.end)
    return AxisView(
        ticks=tuple(
            TickView(
                place=percent(tick.place),
                text=f"… {say_duration(tick.nano)} …" if tick.folded else say_tick(tick.nano),
                folded=tick.folded,
                first=number == 0,
                last=number == len(ticks) - 1,
            )
            for number, tick in enumerate(ticks)
        ),
        folds=tuple((percent(fold.left), percent(fold.right - fold.left)) for fold in scale.folds),
        whole=whole.end - whole.origin,
        breaks=_breaks(scale),
        map_breaks=_breaks(whole),
        shown=(percent(left), percent(right - left)),
    )


def _breaks(scale: TimeScale) -> str:
    """`place:nano` of every end of a stretch."""
    first = scale.segments[0]
    ends = [(first.left, first.start), *((each.right, each.end) for each in scale.segments)]
    return " ".join(f"{place:.9g}:{instant - scale.origin}" for place, instant in ends)


def view_minimap(fall: Waterfall, hues: Mapping[str, int]) -> list[BlockView]:
    """All rows at a time: blocks of neighbours, from the earliest start to the latest end."""
    picture = fall.picture
    rows = len(fall)
    step = -(-rows // _MOST_BLOCKS)
    blocks = []
    for first in range(0, rows, step):
        numbers = range(first, min(first + step, rows))
        spans = [span for span in map(fall.span_of_row, numbers) if span != NOBODY]
        if not spans:
            continue
        left = fall.scale.place(min(picture.start[span] for span in spans))
        right = fall.scale.place(max(picture.end[span] for span in spans))
        blocks.append(
            BlockView(
                left=percent(left),
                width=percent(right - left),
                top=round(MAP_HEIGHT * first / rows, 2),
                height=round(max(MAP_HEIGHT * len(numbers) / rows - 1, 1.0), 2),
                hue=hues.get(picture.services[picture.service[spans[0]]] or "", 0),
                error=any(picture.failed[span] for span in spans),
            )
        )
    return blocks
