"""Waits and counts of a destination over time as a drawing. Pure; heights in pixels, places in
time as per cent of however wide it is shown.

Above, for each part of time a bar from the median wait to the 95th percentile; below, how many
hand-overs there were, those without a propagated context marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from web.destinations.shapes import TimedFigures
from web.trends import DAY, SECOND
from web.words import say_count, say_deliveries, say_duration, utc_time

_TOP, _WAITS, _COUNTS, _BETWEEN, _BELOW = 10, 120, 56, 18, 22
_GAP = 0.08  # of the room of a part
# Where a long scale ends.
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_LABELS = 6


@dataclass(frozen=True, slots=True)
class Part:
    x: float
    width: float
    wait_y: float | None
    """Of the 95th percentile; None where no wait is known."""
    wait_height: float
    median_y: float
    connected_y: float
    connected_height: float
    broken_y: float
    broken_height: float
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Instant:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    height: int
    parts: tuple[Part, ...]
    lines: tuple[Label, ...]
    """Of both scales, at the left."""
    instants: tuple[Instant, ...]
    top: int
    bottom: int


def draw_chart(times: Sequence[TimedFigures]) -> Chart | None:
    """None without any."""
    if not times:
        return None
    first, size = times[0]["from"], times[0]["to"] - times[0]["from"]
    count = (times[-1]["to"] - first) // size
    step = 100 / count
    longest = max((each["wait_p95_nano"] or 0 for each in times), default=0)
    top_wait = _round_up(longest)
    top_count = _round_up(max(each["count"] for each in times))
    counts_top = _TOP + _WAITS + _BETWEEN
    bottom = counts_top + _COUNTS
    parts = tuple(
        _part(each, step * ((each["from"] - first) // size), step, top_wait, top_count)
        for each in times
    )
    lines = [Label(bottom, "0"), Label(counts_top, say_count(top_count))]
    if longest > 0:
        lines += [
            Label(_TOP + _WAITS * (1 - share), say_duration(round(top_wait * share)))
            for share in (0.5, 1)
        ]
        lines.append(Label(_TOP + _WAITS, "0 s"))
    every = max(1, -(-count // _LABELS))
    instants = tuple(
        Instant(round(step * number, 2), _instant(first + number * size, size, count))
        for number in range(0, count, every)
    )
    return Chart(
        height=bottom + _BELOW,
        parts=parts,
        lines=tuple(lines),
        instants=instants,
        top=_TOP,
        bottom=bottom,
    )


def _part(each: TimedFigures, x: float, step: float, top_wait: int, top_count: int) -> Part:
    gap = _GAP * step
    high, middle = each["wait_p95_nano"], each["wait_p50_nano"]
    bottom = _TOP + _WAITS + _BETWEEN + _COUNTS
    good = _COUNTS * each["connected"] / top_count
    bad = _COUNTS * (each["count"] - each["connected"]) / top_count
    bad = max(bad, 2.0) if each["count"] > each["connected"] else 0.0
    # A negative wait is of two clocks that differ; it stands on the line.
    high_y = _TOP + _WAITS * (1 - max(high or 0, 0) / max(top_wait, 1))
    middle_y = _TOP + _WAITS * (1 - max(middle or 0, 0) / max(top_wait, 1))
    return Part(
        x=round(x + gap / 2, 2),
        width=round(step - gap, 2),
        wait_y=None if high is None else round(high_y, 2),
        wait_height=round(max(middle_y - high_y, 2.0), 2),
        median_y=round(middle_y, 2),
        connected_y=round(bottom - good, 2),
        connected_height=round(good, 2),
        broken_y=round(bottom - good - bad, 2),
        broken_height=round(bad, 2),
        title=tell_part(each),
    )


def tell_part(each: TimedFigures) -> str:
    told = [f"from {utc_time(each['from'])}", say_deliveries(each["count"])]
    if each["count"] > each["connected"]:
        told.append(f"{say_count(each['count'] - each['connected'])} not connected")
    if each["wait_p50_nano"] is not None and each["wait_p95_nano"] is not None:
        told.append(
            f"half waited at most {say_duration(each['wait_p50_nano'])}, "
            f"95 % at most {say_duration(each['wait_p95_nano'])}"
        )
    return ": ".join((told[0], ", ".join(told[1:])))


def _round_up(number: int) -> int:
    """The next number that a scale can end at."""
    if number <= 10:
        return max(number, 1)
    power = 10 ** (len(str(number)) - 1)
    return next(int(step * power) for step in _STEPS if step * power >= number)


def _instant(nano: int, size: int, count: int) -> str:
    """UTC; as much of it as tells the parts apart."""
    moment = datetime.fromtimestamp(nano // SECOND, UTC)
    if size >= DAY:
        return f"{moment:%-d %b}"
    if size * count > 2 * DAY:
        return f"{moment:%-d %b %H:%M}"
    if size >= 60 * SECOND:
        return f"{moment:%H:%M}"
    part = f".{nano % SECOND // 1_000_000:03d}" if size < SECOND else ""
    return f"{moment:%H:%M:%S}{part}"
