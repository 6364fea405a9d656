"""Which traces a journey runs through, and how it stands."""

import random

import pytest

from storage.contract import SpanStore
from tests.answer_builders import STORED_AT, Scene, span_hex, trace_hex
from tests.contract import rows
from web.errors import NotFoundError
from web.journeys import journey_of_attribute, journey_of_trace
from web.trace_shapes import Journey


@pytest.fixture(params=[1, 12], autouse=True)
def likely_levels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read ahead (one level: nothing) must not change any answer."""
    monkeypatch.setattr("web.walking._LIKELY_LEVELS", request.param)


def order_journey(store: SpanStore, order: str) -> Journey:
    return journey_of_attribute(store, "order.id", order, STORED_AT + 1)["journey"]


def trace_journey(store: SpanStore, trace: int) -> Journey:
    return journey_of_trace(store, (1, trace), STORED_AT + 1)["journey"]


def traces_of(journey: Journey) -> list[int]:
    return [int(trace[16:], 16) for trace in journey["trace_ids"]]


def chain(scene: Scene, *traces: int, order: str | None = None) -> None:
    """Each trace handles a message of the one before and sends one to the next; only the
    first carries the order id."""
    last = None
    for place, trace in enumerate(traces):
        process = scene.span(
            trace, 1, name="process", start_time_unix_nano=place * 100, order=order
        )
        send = scene.span(trace, 2, parent=1, name="publish", start_time_unix_nano=place * 100 + 1)
        if last is not None:
            scene.hand_over(last, process)
        last, order = send, None


# ------------------------------------------------------------------ which traces


def test_a_journey_runs_down_all_connections_from_the_spans_that_carry_the_value() -> None:
    scene = Scene()
    chain(scene, 1, 2, 3, order="A")
    assert traces_of(order_journey(scene.store(), "A")) == [1, 2, 3]


def test_a_journey_goes_up_to_the_first_producer_and_down_its_other_branches() -> None:
    scene = Scene()
    root = scene.span(1, 1)
    for trace, order in ((2, None), (3, "A")):
        scene.hand_over(root, scene.span(trace, 1, order=order))
    assert traces_of(order_journey(scene.store(), "A")) == [1, 2, 3]
    assert traces_of(trace_journey(scene.store(), 3)) == [1, 2, 3]


def test_a_journey_holds_all_spans_of_its_traces() -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    scene.span(1, 2, parent=1)
    scene.span(1, 3, parent=2)
    assert [span["span_id"] for span in order_journey(scene.store(), "A")["spans"]] == [
        span_hex(number) for number in (1, 2, 3)
    ]


def test_traces_that_share_the_value_belong_together_without_any_connection() -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    scene.span(2, 1, order="A")
    scene.span(3, 1, order="B")
    assert traces_of(order_journey(scene.store(), "A")) == [1, 2]


def test_candidates_are_not_followed() -> None:
    scene = Scene()
    scene.hand_over(scene.span(1, 1, order="A"), scene.span(2, 1), confidence=0.79)
    assert traces_of(order_journey(scene.store(), "A")) == [1]


def test_a_send_of_another_order_is_not_followed_down() -> None:
    scene = Scene()
    scene.span(1, 1)
    mine = scene.span(1, 2, parent=1, order="A")
    other = scene.span(1, 3, parent=1, order="B")
    below = scene.span(1, 4, parent=3)
    for trace, producer in ((2, mine), (3, other), (4, below)):
        scene.hand_over(producer, scene.span(trace, 1))
    assert traces_of(order_journey(scene.store(), "A")) == [1, 2]


def test_a_journey_by_trace_id_follows_every_send_of_the_trace() -> None:
    scene = Scene()
    for trace, order in ((2, "A"), (3, "B")):
        scene.hand_over(scene.span(1, trace, order=order), scene.span(trace, 1))
    assert traces_of(trace_journey(scene.store(), 1)) == [1, 2, 3]


def test_consumers_that_carry_another_order_are_not_followed_from_a_silent_producer() -> None:
    scene = Scene()
    job = scene.span(9, 1, name="nightly job")
    for trace, order in ((1, "A"), (2, "B"), (3, None)):
        scene.hand_over(job, scene.span(trace, 1, order=order))
    assert traces_of(order_journey(scene.store(), "A")) == [1, 3, 9]


def test_a_producer_that_says_another_order_is_not_followed_up() -> None:
    scene = Scene()
    scene.hand_over(scene.span(1, 1, order="B"), scene.span(2, 1, order="A"))
    journey = order_journey(scene.store(), "A")
    assert traces_of(journey) == [2]


def batch_scene(orders: str) -> Scene:
    """Each order is sent in a trace of its own; trace 50 handles them all at once and
    sends on."""
    scene = Scene()
    consumer = scene.span(50, 1, name="batch", start_time_unix_nano=500)
    for trace, order in enumerate(orders, start=1):
        scene.hand_over(scene.span(trace, 1, order=order), consumer)
    scene.hand_over(
        scene.span(50, 2, parent=1, start_time_unix_nano=501),
        scene.span(60, 1, start_time_unix_nano=600),
    )
    return scene


def test_a_batch_is_entered_and_its_other_messages_are_counted_not_followed() -> None:
    journey = order_journey(batch_scene("ABCDEFGHIJ").store(), "A")
    assert traces_of(journey) == [1, 50, 60]
    remark = {"code": "batch", "title": "and 9 other messages", "fix": None}
    place = {"trace_id": trace_hex(50), "span_id": span_hex(1)}
    assert journey["notes"] == [{**remark, **place}]
    assert [span["notes"] for span in journey["spans"]] == [[], [remark], [], []]
    assert len(journey["connections"]) == 2


def test_a_message_of_the_journey_that_is_in_the_batch_too_is_followed() -> None:
    journey = order_journey(batch_scene("ABA").store(), "A")
    assert traces_of(journey) == [1, 3, 50, 60]
    assert [note["title"] for note in journey["notes"]] == ["and 1 other message"]


def test_a_batch_asked_by_its_trace_id_is_not_widened_upwards() -> None:
    journey = trace_journey(batch_scene("ABC").store(), 50)
    assert traces_of(journey) == [50, 60]
    assert [note["code"] for note in journey["notes"]] == ["batch"]


def test_messages_of_one_producer_trace_are_no_reason_to_stop_going_up() -> None:
    scene = Scene()
    consumer = scene.span(2, 1)
    for number in (1, 2, 3):
        scene.hand_over(scene.span(1, number), consumer)
    assert traces_of(trace_journey(scene.store(), 2)) == [1, 2]


def test_a_send_below_the_delivery_of_another_message_belongs_to_that_message() -> None:
    """A poll loop: one trace (9) delivers messages of several orders, and says none."""
    scene = Scene()
    scene.span(9, 100, name="poll loop")
    for trace, order in ((1, "A"), (2, "B")):
        process = scene.span(9, trace, parent=100)
        scene.hand_over(scene.span(trace, 1, order=order), process)
        scene.hand_over(scene.span(9, trace + 10, parent=trace), scene.span(trace + 20, 1))
    assert traces_of(order_journey(scene.store(), "A")) == [1, 9, 21]
    assert traces_of(order_journey(scene.store(), "B")) == [2, 9, 22]
    assert traces_of(trace_journey(scene.store(), 21)) == [1, 9, 21]


def test_a_poll_loop_asked_by_its_trace_id_is_shown_with_all_its_messages() -> None:
    scene = Scene()
    for trace in (1, 2):
        scene.hand_over(scene.span(trace, 1), scene.span(9, trace))
    assert traces_of(trace_journey(scene.store(), 9)) == [1, 2, 9]


def test_other_ids_of_the_spans_are_related_and_not_followed() -> None:
    scene = Scene()
    scene.says(scene.span(1, 1, order="A"), "workflow.id", "W")
    scene.says(scene.span(2, 1, order="B"), "workflow.id", "W")
    store = scene.store()
    journey = order_journey(store, "A")
    assert traces_of(journey) == [1]
    assert journey["related"] == [{"key": "workflow.id", "value": "W"}]
    workflow = journey_of_attribute(store, "workflow.id", "W", 0)["journey"]
    assert traces_of(workflow) == [1, 2]
    assert workflow["related"] == [
        {"key": "order.id", "value": "A"},
        {"key": "order.id", "value": "B"},
    ]


def test_any_other_attribute_is_found_by_scan() -> None:
    scene = Scene()
    chain(scene, 1, 2)
    scene.span(1, 7, attributes={"customer": "42"})
    scene.span(3, 1, attributes={"customer": "43"})
    journey = journey_of_attribute(scene.store(), "customer", "42", 0)["journey"]
    assert (journey["key"], journey["value"]) == ("customer", "42")
    assert traces_of(journey) == [1, 2]


def test_a_producer_whose_trace_was_deleted_ends_the_way_up() -> None:
    scene = Scene()
    consumer = scene.span(2, 1, order="A")
    gone = rows.span(1, 1) | {"service": "shop"}
    scene.hand_over(gone, consumer)
    journey = order_journey(scene.store(), "A")
    assert traces_of(journey) == [2]
    assert journey["connections"] == []


@pytest.mark.parametrize("key", ["order.id", "customer"])
def test_a_value_that_nothing_carries_is_not_found(key: str) -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    with pytest.raises(NotFoundError, match=f"No stored span carries {key} = B"):
        journey_of_attribute(scene.store(), key, "B", 0)


def test_an_unknown_trace_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="No stored span belongs to trace"):
        journey_of_trace(Scene().store(), (1, 1), 0)


# ------------------------------------------------------------------ hostile shapes


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
    for module in ("web.journeys", "web.walking", "web.notes"):
        monkeypatch.setattr(f"{module}.MOST_SPANS", 3)
    monkeypatch.setattr("web.walking._LIKELY_LEVELS", 1)
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
        "Only the first 3 spans are shown; 1 later ones are left out.",
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
