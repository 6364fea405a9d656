"""Which traces a journey runs through."""

import pyarrow as pa
import pytest

from tests.answer_builders import Scene, span_hex, trace_hex
from tests.contract import rows
from tests.unit.web.journeys.scenes import (
    batch_scene,
    chain,
    order_journey,
    trace_journey,
    traces_of,
)
from web.errors import NotFoundError
from web.journeys.journey import journey_of_attribute, journey_of_trace
from web.rows import trace_table

pytestmark = pytest.mark.usefixtures("likely_levels")


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


@pytest.mark.parametrize(("order", "seeming"), [("A", [4]), ("A", [3, 4]), ("B", [1, 4])])
def test_traces_that_only_seem_to_carry_the_value_change_nothing(
    order: str, seeming: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes of values can be made to collide."""
    scene = Scene()
    chain(scene, 1, 2, 3, order="A")
    scene.span(4, 1, order="C")
    scene.span(5, 1, order="B")
    store = scene.store()
    told = order_journey(store, order)
    found = store.traces_with_correlation("order.id", order)
    more = trace_table([(1, trace) for trace in seeming])

    def tell_more(key: str, value: str) -> pa.Table:
        assert (key, value) == ("order.id", order)
        return pa.concat_tables([found, more, found])

    monkeypatch.setattr(store, "traces_with_correlation", tell_more)
    assert order_journey(store, order) == told


def test_a_value_that_only_seems_to_be_carried_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    store = scene.store()
    seeming = trace_table([(1, 1)])
    monkeypatch.setattr(store, "traces_with_correlation", lambda *_: seeming)
    with pytest.raises(NotFoundError, match=r"No stored span carries order\.id = B"):
        order_journey(store, "B")


def test_an_unknown_trace_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="No stored span belongs to trace"):
        journey_of_trace(Scene().store(), (1, 1), 0)
