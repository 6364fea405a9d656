"""Buckets of time of a round size, and their drawing."""

import pytest

from web.trends import MOST, choose_buckets, draw_trend, list_buckets, tell_trend

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
NOW = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("length", "size"),
    [
        (0, 1_000_000),
        (20 * SECOND, SECOND),
        (3600 * SECOND, 300 * SECOND),
        (DAY, 2 * 3600 * SECOND),
        (7 * DAY, 12 * 3600 * SECOND),
    ],
)
def test_parts_have_sizes_that_people_count_in(length: int, size: int) -> None:
    buckets = choose_buckets(NOW, NOW + length)
    assert buckets.size == size
    assert buckets.start % size == 0


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 0), (0, 1), (NOW, NOW + 23 * SECOND), (0, NOW), (0, 2**63 - 1), (2**62, 2**63 - 1)],
)
def test_no_more_parts_than_can_be_drawn_hold_the_whole_range(first: int, last: int) -> None:
    buckets = choose_buckets(first, last)
    assert 1 <= buckets.count <= MOST
    assert buckets.start <= first
    assert last < buckets.end


def test_a_part_with_anything_in_it_is_seen_and_told() -> None:
    trend = list_buckets(choose_buckets(0, 2_000_000), [1, 0, 0], [1_000, 0, 7])
    assert [each["from"] for each in trend] == [0, 1_000_000, 2_000_000]
    view = draw_trend(trend, 1_010)
    busy, idle, quiet = view.bars
    assert busy.broken_height > 0
    assert busy.connected_height + busy.broken_height == view.height
    assert (idle.broken_height, idle.connected_height) == (0, 0)
    assert (quiet.broken_height, quiet.connected_height) == (0, 2)
    assert busy.title.endswith("1 broken, 1000 connected")
    assert view.told == (
        "broken in 1 of 2 periods with hand-overs; in the last 0 broken, 7 connected"
        "; 2 hand-overs at other times"
    )


def test_an_empty_trend_is_drawn_as_nothing() -> None:
    assert draw_trend([], 0).bars == ()
    assert tell_trend([]) == "no hand-overs in this time"
