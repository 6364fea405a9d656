"""Folding idle time and marking round times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.waterfall.timescale import fold_time, total_of

SECOND = 1_000_000_000


def test_a_gap_longer_than_a_fifth_of_the_rest_is_folded() -> None:
    scale = fold_time([(0, 40), (60, 100)])
    assert [(fold.start, fold.end) for fold in scale.folds] == [(40, 60)]
    assert not fold_time([(0, 45), (55, 100)]).folds


def test_true_scale_folds_nothing() -> None:
    scale = fold_time([(0, 1), (99, 100)], true_scale=True)
    assert not scale.folds
    assert scale.place(50) == pytest.approx(0.5)


def test_gaps_are_folded_again_as_long_as_the_work_is_hard_to_see() -> None:
    hours, minutes = 7200 * SECOND, 600 * SECOND
    work = SECOND
    scale = fold_time(
        [
            (0, work),
            (work + minutes, 2 * work + minutes),
            (2 * work + minutes + hours, 3 * work + minutes + hours),
        ]
    )
    assert len(scale.folds) == 2
    assert scale.place(work) > 0.2


def test_a_folded_gap_keeps_a_visible_break() -> None:
    (fold,) = fold_time([(0, 10), (1_000, 1_010)]).folds
    assert fold.right - fold.left == pytest.approx(0.06)


def test_a_single_instant_has_a_scale() -> None:
    scale = fold_time([(5, 5)])
    assert (scale.place(5), scale.place(6), scale.place(99)) == (0, 1, 1)


def test_ticks_are_round_times_with_room_between_them() -> None:
    ticks = fold_time([(7, 7 + 12 * SECOND)]).ticks()
    assert [tick.nano for tick in ticks] == [n * SECOND for n in (0, 2, 4, 6, 8, 10, 12)]
    assert [tick.place for tick in ticks] == sorted(tick.place for tick in ticks)


def test_minutes_and_hours_count_by_sixties() -> None:
    ticks = fold_time([(0, 3600 * SECOND)]).ticks()
    assert {tick.nano // (60 * SECOND) for tick in ticks} == {0, 10, 20, 30, 40, 50, 60}


@given(
    st.lists(
        st.tuples(st.integers(0, 10**15), st.integers(0, 10**12)), min_size=1, max_size=20
    ).map(lambda parts: [(start, start + length) for start, length in parts])
)
def test_later_is_never_further_left(intervals: list[tuple[int, int]]) -> None:
    scale = fold_time(intervals)
    instants = sorted({instant for interval in intervals for instant in interval})
    places = [scale.place(instant) for instant in instants]
    assert places == sorted(places)
    assert places[0] == 0
    assert all(0 <= place <= 1 for place in places)
    ticks = scale.ticks()
    assert len(ticks) <= 12
    assert (ticks[0].place, ticks[-1].place) == (0, 1)


def test_what_overlaps_counts_once() -> None:
    assert total_of([(0, 10), (5, 15), (20, 21)]) == 16
