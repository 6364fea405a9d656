"""Columns that a waterfall is laid out from."""

from analyzer.ancestry import NOBODY
from tests.answer_builders import Scene
from web.journeys.journey import find_journey_of_attribute
from web.journeys.trace import find_trace
from web.waterfall.picture import Picture, read_picture


def picture_of(scene: Scene) -> Picture:
    return read_picture(find_trace(scene.store(), (1, 1), 0).stored)


def test_the_first_span_with_the_ids_of_a_parent_is_meant() -> None:
    scene = Scene()
    scene.span(1, 1, content=9, start_time_unix_nano=1)
    scene.span(1, 1, content=3, start_time_unix_nano=2)
    scene.span(1, 5, parent=1, start_time_unix_nano=3)
    assert list(picture_of(scene).parent) == [NOBODY, NOBODY, 0]


def test_spans_with_the_same_ids_may_have_different_parents() -> None:
    scene = Scene()
    for number in (1, 2):
        scene.span(1, number)
    for content, parent in enumerate((1, 2, None, 9, 5), start=1):
        scene.span(1, 5, content=content, parent=parent, start_time_unix_nano=10 + content)
    assert list(picture_of(scene).parent) == [NOBODY, NOBODY, 0, 1, NOBODY, NOBODY, 2]


def test_a_span_is_not_its_own_parent() -> None:
    scene = Scene()
    scene.span(1, 1, parent=1)
    assert list(picture_of(scene).parent) == [NOBODY]


def test_services_and_traces_are_numbered_in_order() -> None:
    scene = Scene()
    first = scene.span(2, 1, service="b", order="A")
    second = scene.span(1, 2, service="a", order="A")
    scene.hand_over(first, second)
    picture = read_picture(find_journey_of_attribute(scene.store(), "order.id", "A", 0).stored)
    assert picture.services == [None, "a", "b"]
    assert (list(picture.service), list(picture.trace)) == ([2, 1], [1, 0])
    assert [trace[-1] for trace in picture.traces] == ["1", "2"]
    assert picture.ends == [(0, 1)]
