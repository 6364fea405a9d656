"""Journeys through odd and hostile traces: circles, depth, size, any order."""

import random

import pytest

from tests.answer_builders import Scene, trace_hex
from tests.unit.web.journeys.scenes import batch_scene, chain, order_journey, traces_of
from web.trace_shapes import Journey

pytestmark = pytest.mark.usefixtures("likely_levels")


def test_traces_that_hand_over_to_themselves_and_in_circles_end() -> None:
    scene = Scene()
    spans = [scene.span(trace, 1, order="A" if trace == 1 else None) for trace in (1, 2, 3)]
    for producer, consumer in ((0, 0), (0, 1), (1, 2), (2, 0)):
        scene.hand_over(spans[producer], spans[consumer])
    assert traces_of(order_journey(scene.store(), "A")) == [1, 2, 3]


def test_parents_in_a_circle_are_shown_with_a_note() -> None:
    scene = Scene()
    scene.span(1, 1, parent=2, order="A")
    scene.span(1, 2, parent=1)
    scene.span(1, 3, parent=3)
    scene.span(1, 4, parent=1)
    spans = order_journey(scene.store(), "A")["spans"]
    assert [[note["code"] for note in span["notes"]] for span in spans] == [
        ["parent-cycle"],
        ["parent-cycle"],
        ["parent-cycle"],
        [],
    ]


def test_a_trace_of_ten_thousand_levels_is_shown_whole() -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    for number in range(2, 10_001):
        last = scene.span(1, number, parent=number - 1)
    scene.hand_over(last, scene.span(2, 1, start_time_unix_nano=20_000))
    journey = order_journey(scene.store(), "A")
    assert len(journey["spans"]) == 10_001
    assert traces_of(journey) == [1, 2]


def test_a_long_chain_of_hand_overs_inside_one_trace_is_followed_to_its_end() -> None:
    scene = Scene()
    last = scene.span(1, 1, order="A")
    for number in range(2, 2_002, 2):
        process = scene.span(1, number, parent=number - 1)
        scene.hand_over(last, process)
        last = scene.span(1, number + 1, parent=number)
    scene.hand_over(last, scene.span(2, 1, start_time_unix_nano=9_000))
    assert traces_of(order_journey(scene.store(), "A")) == [1, 2]


def test_above_the_limit_the_latest_spans_are_left_out_and_a_note_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("web.journeys.stored", "web.journeys.walking", "web.journeys.notes"):
        monkeypatch.setattr(f"{module}.MOST_SPANS", 3)
    monkeypatch.setattr("web.journeys.walking._LIKELY_LEVELS", 1)
    scene = Scene()
    chain(scene, 1, 2, 3, 4, order="A")
    journey = order_journey(scene.store(), "A")
    assert [span["trace_id"] for span in journey["spans"]] == [
        trace_hex(1),
        trace_hex(1),
        trace_hex(2),
    ]
    assert traces_of(journey) == [1, 2]
    titles = [note["title"] for note in journey["notes"]]
    assert titles == [
        "The search ended at 2 traces; what belongs to the journey beyond them is left out.",
        "Only the first 3 spans are shown; 1 later one is left out.",
    ]


def test_the_order_of_arrival_does_not_matter() -> None:
    def build(seed: int) -> Journey:
        scene = batch_scene("ABCA")
        chain(scene, 60, 70, 80)
        shuffled = random.Random(seed)
        shuffled.shuffle(scene._spans)
        shuffled.shuffle(scene._connections)
        shuffled.shuffle(scene._correlation)
        return order_journey(scene.store(), "A")

    assert build(1) == build(2) == build(3)


def test_odd_spans_carry_notes() -> None:
    scene = Scene()
    scene.span(1, 1, order="A", start_time_unix_nano=9, end_time_unix_nano=2)
    scene.span(1, 2, content=1)
    scene.span(1, 2, content=2, name="other")
    scene.span(1, 3, parent=99)
    journey = order_journey(scene.store(), "A")
    assert {
        (span["name"], *(note["code"] for note in span["notes"])) for span in journey["spans"]
    } == {
        ("span 1", "negative-duration"),
        ("span 2", "duplicate"),
        ("other", "duplicate"),
        ("span 3", "missing-parent"),
    }
