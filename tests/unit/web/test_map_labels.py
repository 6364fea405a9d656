"""Labels of lines on the flow map."""

from itertools import pairwise

from web.map_labels import Point, place_label

FAN = [(0, 0), (0, 68), (0, 136), (0, 204)]


def placed(starts: list[Point], ends: list[Point]) -> list[Point]:
    taken: list[Point] = []
    for start, end in zip(starts, ends, strict=True):
        taken.append(place_label(start, 46, end, taken))
    return taken


def test_a_label_stands_in_the_middle_of_its_line() -> None:
    assert placed([(0, 0)], [(92, 60)]) == [(46, 34)]


def test_lines_that_cross_in_their_middles_have_their_labels_apart() -> None:
    crossing = placed([(0, 0), (0, 136)], [(92, 136), (92, 0)])
    assert crossing[0] == (46, 72)
    assert abs(crossing[1][1] - crossing[0][1]) >= 15


def test_labels_of_many_lines_to_one_end_are_apart() -> None:
    found = sorted(y for _, y in placed(FAN, [(92, 102)] * len(FAN)))
    assert all(lower - upper >= 15 for upper, lower in pairwise(found))


def test_a_level_line_without_room_keeps_its_label_in_the_middle() -> None:
    assert placed([(0, 0)] * 2, [(92, 0)] * 2) == [(46, 4), (46, 4)]
