"""The drawing of waits and counts: positions that follow from the numbers."""

from typing import Any, cast

from web.destinations.chart import draw_chart, tell_part
from web.destinations.shapes import TimedFigures

MS, SECOND = 1_000_000, 1_000_000_000


def part(number: int, count: int = 10, connected: int = 10, **values: Any) -> TimedFigures:
    return cast(
        "TimedFigures",
        {
            "from": number * 60 * SECOND,
            "to": (number + 1) * 60 * SECOND,
            "count": count,
            "connected": connected,
            "stitched": 0,
            "wait_p50_nano": 10 * MS,
            "wait_p95_nano": 40 * MS,
            "wait_p99_nano": 50 * MS,
            "redeliveries": 0,
            "dead_letters": 0,
        }
        | values,
    )


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw_chart([]) is None


def test_a_bar_reaches_from_the_median_to_the_95th_percentile() -> None:
    chart = draw_chart([part(0), part(1, wait_p95_nano=20 * MS)])
    assert chart is not None
    first, second = chart.parts
    assert first.wait_y is not None
    assert second.wait_y is not None
    assert first.wait_y == chart.top  # the longest reaches the end of the scale
    assert first.wait_y < second.wait_y < second.median_y
    assert first.wait_y + first.wait_height == first.median_y
    assert first.median_y == second.median_y


def test_what_is_not_connected_stands_on_what_is_and_is_always_seen() -> None:
    chart = draw_chart([part(0, 1000, 999), part(1, 500, 0)])
    assert chart is not None
    most, half = chart.parts
    assert most.broken_height == 2
    assert most.broken_y + most.broken_height == most.connected_y
    assert most.connected_y + most.connected_height == chart.bottom
    assert half.connected_height == 0
    assert half.broken_y + half.broken_height == chart.bottom


def test_parts_without_hand_overs_are_gaps_of_their_width() -> None:
    chart = draw_chart([part(0), part(3)])
    assert chart is not None
    first, last = chart.parts
    assert (last.x - first.x) / 3 == 25
    assert 0 < first.x < first.x + first.width < 25
    assert 75 < last.x < last.x + last.width < 100


def test_unknown_and_negative_waits_have_no_bar_outside_the_scale() -> None:
    chart = draw_chart(
        [
            part(0, wait_p50_nano=None, wait_p95_nano=None),
            part(1, wait_p50_nano=-5, wait_p95_nano=7),
        ]
    )
    assert chart is not None
    assert chart.parts[0].wait_y is None
    assert chart.top <= chart.parts[1].median_y <= chart.bottom
    only = draw_chart([part(0, wait_p50_nano=-9, wait_p95_nano=-3)])
    assert only is not None
    assert only.parts[0].median_y <= only.bottom


def test_a_part_is_told_in_words() -> None:
    told = tell_part(part(0, 12_000, 11_999))
    assert told == (
        "from 1 Jan 1970, 00:00:00 UTC: 12\u202f000 deliveries, 1 not connected, "
        "half waited at most 10 ms, 95 % at most 40 ms"
    )


def test_hours_and_days_are_labelled_so_that_they_differ() -> None:
    for size, count in (
        (0.2, 24),
        (1, 24),
        (60, 24),
        (3600, 24),
        (14_400, 24),
        (86_400, 20),
        (604_800, 20),
    ):
        times = [
            part(0) | {"from": int(n * size * SECOND), "to": int((n + 1) * size * SECOND)}
            for n in range(count)
        ]
        chart = draw_chart(times)
        assert chart is not None
        texts = [label.text for label in chart.instants]
        assert len(texts) == len(set(texts)) <= 6
