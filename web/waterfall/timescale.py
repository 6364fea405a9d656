"""From instants to places on a line, with long idle gaps folded. Pure.

A gap is time in which no span runs. It is folded when it is longer than a fifth of the
rest; after that again as long as what is left of the work would be hard to see.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

_FOLDED_WIDTH = 0.06  # of the line, each
_MOST_FOLDS = 6
_REST_SHARE = 5
_VISIBLE_SHARE = 10  # work on less than a tenth of the line is hard to see
_FEWEST_STEPS = 6
_TICK_DISTANCE = 0.1

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time and where it lies, as fractions of the line."""

    start: int
    end: int
    left: float
    right: float
    folded: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis. `nano` since the start, or the length of a folded gap."""

    place: float
    nano: int
    folded: bool


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Shows what is between `start` and `end`; `origin` is where times are counted from."""

    start: int
    end: int
    segments: tuple[Segment, ...]
    origin: int

    def place(self, instant: int) -> float:
        """0 at the start, 1 at the end; what lies outside is put at the nearer end."""
        if instant <= self.start:
            return 0.0
        if instant >= self.end:
            return 1.0
        found = bisect_right(self.segments, instant, key=lambda segment: segment.start) - 1
        segment = self.segments[found]
        part = (instant - segment.start) / (segment.end - segment.start)
        return segment.left + part * (segment.right - segment.left)

    def instant(self, place: float) -> int:
        """The reverse of `place`, for 0 to 1."""
        for segment in self.segments:
            if place <= segment.right:
                part = (place - segment.left) / (segment.right - segment.left)
                return round(segment.start + max(part, 0.0) * (segment.end - segment.start))
        return self.end

    def zoomed(self, start: int, end: int) -> "TimeScale":
        """Only what is between these instants, with the same proportions. At least a
        nanosecond; what lies outside the scale is cut off."""
        start = min(max(start, self.start), self.end - 1)
        end = min(max(end, start + 1), self.end)
        left = self.place(start)
        width = max(self.place(end) - left, 1e-15)
        parts = [
            Segment(
                max(each.start, start),
                min(each.end, end),
                max((each.left - left) / width, 0.0),
                min((each.right - left) / width, 1.0),
                each.folded,
            )
            for each in self.segments
            if each.start < end and each.end > start
        ]
        return TimeScale(start, end, tuple(parts), self.origin)

    @property
    def folds(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.folded)

    def ticks(self) -> list[Tick]:
        """Start, end, and where there is room folded gaps and round times."""
        marks = [
            Tick(0.0, self.start - self.origin, folded=False),
            Tick(1.0, self.end - self.origin, folded=False),
        ]
        for fold in self.folds:
            middle = (fold.left + fold.right) / 2
            if all(abs(middle - mark.place) >= _TICK_DISTANCE for mark in marks):
                marks.append(Tick(middle, fold.end - fold.start, folded=True))
        shown = sum(part.end - part.start for part in self.segments if not part.folded)
        step = _nice_step(shown // _FEWEST_STEPS)
        for part in self.segments:
            if part.folded or step == 0:
                continue
            offset = part.start - self.origin
            first = -(-offset // step) * step
            for nano in range(first, part.end - self.origin + 1, step):
                place = self.place(self.origin + nano)
                if all(abs(place - mark.place) >= _TICK_DISTANCE for mark in marks):
                    marks.append(Tick(place, nano, folded=False))
        return sorted(marks, key=lambda mark: mark.place)


def fold_time(busy: Iterable[Interval], *, true_scale: bool = False) -> TimeScale:
    """The scale over these intervals (ns, end not before start). At least one."""
    spans = _union(busy)
    start, end = spans[0][0], max(spans[-1][1], spans[0][0] + 1)
    gaps = [] if true_scale else _choose_folds(spans, end - start)
    return TimeScale(start, end, tuple(_place_segments(start, end, gaps)), start)


def _union(intervals: Iterable[Interval]) -> list[Interval]:
    times = np.fromiter(chain.from_iterable(intervals), np.int64).reshape(-1, 2)
    times = times[np.argsort(times[:, 0], kind="stable")]
    starts, latest = times[:, 0], np.maximum.accumulate(times[:, 1])
    apart = np.flatnonzero(starts[1:] > latest[:-1])
    firsts = starts[np.append(0, apart + 1)] if len(times) else starts
    lasts = latest[np.append(apart, -1)] if len(times) else latest
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def total_of(intervals: Iterable[Interval]) -> int:
    """How long at least one of them runs."""
    return sum(end - start for start, end in _union(intervals))


def _choose_folds(spans: Sequence[Interval], total: int) -> list[Interval]:
    gaps = [(left[1], right[0]) for left, right in pairwise(spans)]
    gaps.sort(key=lambda gap: gap[0] - gap[1])
    work = sum(end - start for start, end in spans)
    folded: list[Interval] = []
    while True:
        chosen = [gap for gap in gaps if (gap[1] - gap[0]) * (_REST_SHARE + 1) > total]
        room = _MOST_FOLDS - len(folded)
        chosen = chosen[:room]
        folded += chosen
        gaps = [gap for gap in gaps if gap not in chosen]
        total -= sum(end - start for start, end in chosen)
        if not chosen or len(folded) == _MOST_FOLDS or work * _VISIBLE_SHARE >= total:
            return sorted(folded)


def _place_segments(start: int, end: int, gaps: Sequence[Interval]) -> Iterable[Segment]:
    shown = (end - start) - sum(right - left for left, right in gaps)
    width = 1 - _FOLDED_WIDTH * len(gaps)
    edges = [start, *(edge for gap in gaps for edge in gap), end]
    place = 0.0
    for number, (left, right) in enumerate(pairwise(edges)):
        folded = number % 2 == 1
        wide = _FOLDED_WIDTH if folded else width * (right - left) / max(shown, 1)
        if right > left:
            yield Segment(left, right, place, min(place + wide, 1.0), folded)
        place += wide


def _nice_step(least: int) -> int:
    """The next round number of nanoseconds: 1, 2 or 5 with noughts; minutes and hours
    count by sixties."""
    second = 1_000_000_000
    for unit in (60 * second, 3600 * second):
        for times in (1, 2, 5, 10, 15, 30):
            if least <= times * unit and least > 30 * second:
                return times * unit
    if least > 30 * second:
        day = 24 * 3600 * second
        return -(-least // day) * day
    if least > 10 * second:
        return 15 * second if least <= 15 * second else 30 * second
    size = 1
    while size < least:
        for times in (2, 5, 10):
            if size * times >= least:
                return size * times
        size *= 10
    return size
