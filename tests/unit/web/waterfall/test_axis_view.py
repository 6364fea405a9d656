"""Labels of a waterfall's axis: those that find room."""

from hypothesis import given
from hypothesis import strategies as st

from web.waterfall.axis_view import choose_labels, view_axis
from web.waterfall.timescale import fold_time

MILLI = 1_000_000


def test_a_label_that_would_touch_the_last_is_left_out() -> None:
    scale = fold_time([(0, 933 * MILLI)])
    ticks = view_axis(scale, scale).ticks
    assert [tick.text for tick in ticks if tick.phone] == [
        "0 s",
        "200 ms",
        "400 ms",
        "600 ms",
        "933 ms",
    ]
    assert [tick.text for tick in ticks if not tick.phone] == ["800 ms"]


def test_folded_labels_take_no_room_where_they_are_not_shown() -> None:
    scale = fold_time([(0, MILLI), (900 * MILLI, 901 * MILLI)])
    (folded,) = (tick for tick in view_axis(scale, scale).ticks if tick.folded)
    assert (folded.desk, folded.phone) == (True, False)


LABELS = st.lists(
    st.tuples(st.floats(0, 1), st.text("0123 ms", min_size=1, max_size=11)), max_size=15
)


@given(LABELS, st.sampled_from([300, 430]))
def test_no_labels_touch_and_both_ends_are_kept(
    between: list[tuple[float, str]], width: int
) -> None:
    labels = dict(enumerate([(0.0, "0 s"), *sorted(between), (1.0, "1.41 s")]))
    kept = sorted(choose_labels(labels, width))
    assert (kept[0], kept[-1]) == (0, len(labels) - 1)
    right = 0.0
    for number in kept:
        place, text = labels[number]
        long = 7.5 * len(text)
        left = {0: 0.0, len(labels) - 1: width - long}.get(number, place * width - long / 2)
        assert left >= right
        right = left + long
