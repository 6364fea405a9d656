"""How counts change over time: equal parts of a range, and a small drawing of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.contract import Buckets
from web.shapes import TrendBucket
from web.words import say_plural, utc_time

MOST = 24
SECOND = 1_000_000_000  # ns, as all of these
DAY = 86_400 * SECOND
# Parts that people count in.
_ROUND = (
    *(n * 1_000_000 for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * 60 * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * 3600 * SECOND for n in (1, 2, 3, 4, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28)),
)
_WIDTH, _HEIGHT, _GAP = 5, 28, 1


def choose_buckets(first: int, last: int) -> Buckets:
    """Parts of a round size that begin at a round time; at most MOST of them hold both
    instants (ns, 0 and later)."""
    size = next((each for each in _ROUND if last // each - first // each < MOST), None)
    if size is None:  # decades: dates that cannot be right
        weeks = 28 * DAY
        size = weeks * -(-((last - first) // weeks + 1) // (MOST - 1))
    start = first // size * size
    return Buckets(start, size, last // size - first // size + 1)


def list_buckets(
    buckets: Buckets, broken: Sequence[int], connected: Sequence[int]
) -> list[TrendBucket]:
    starts = range(buckets.start, buckets.end, buckets.size)
    return [
        {"from": start, "to": start + buckets.size, "broken": bad, "connected": good}
        for start, bad, good in zip(starts, broken, connected, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Bar:
    """One part: pixels from the left and from above; what connected stands on what broke."""

    x: int
    broken_y: int
    broken_height: int
    connected_y: int
    connected_height: int
    title: str


@dataclass(frozen=True, slots=True)
class TrendView:
    bars: tuple[Bar, ...]
    width: int
    height: int
    told: str
    """The same in words, for those who do not see it."""
    outside: int
    """Hand-overs at other times."""
    most: int
    """Hand-overs of the highest bar."""


def draw_trend(trend: Sequence[TrendBucket], total: int) -> TrendView:
    """`total` hand-overs there are, some of them perhaps at other times."""
    outside = total - sum(each["broken"] + each["connected"] for each in trend)
    most = max((each["broken"] + each["connected"] for each in trend), default=0)
    return TrendView(
        bars=tuple(_bar(number, each, most) for number, each in enumerate(trend)),
        width=max(len(trend) * (_WIDTH + _GAP), 1),
        height=_HEIGHT,
        told=tell_trend(trend, outside),
        outside=outside,
        most=most,
    )


def _bar(number: int, each: TrendBucket, most: int) -> Bar:
    bad, good = (_height(each["broken"], most), _height(each["connected"], most))
    good = min(good, _HEIGHT - bad)
    return Bar(
        x=number * (_WIDTH + _GAP),
        broken_y=_HEIGHT - bad,
        broken_height=bad,
        connected_y=_HEIGHT - bad - good,
        connected_height=good,
        title=f"from {utc_time(each['from'])}: {each['broken']} broken, "
        f"{each['connected']} connected",
    )


def _height(count: int, most: int) -> int:
    """Whatever there is is seen."""
    return max(2, round(_HEIGHT * count / most)) if count else 0


def tell_trend(trend: Sequence[TrendBucket], outside: int = 0) -> str:
    """In words: in how many parts of the range hand-overs broke, and what the last ones say."""
    busy = [each for each in trend if each["broken"] or each["connected"]]
    beside = f"; {say_plural(outside, 'hand-over')} at other times" if outside else ""
    if not busy:
        return f"no hand-overs in this time{beside}"
    bad = sum(1 for each in busy if each["broken"])
    last = busy[-1]
    return (
        f"broken in {bad} of {say_plural(len(busy), 'period')} with hand-overs; "
        f"in the last {last['broken']} broken, {last['connected']} connected{beside}"
    )
