"""How a journey stands, and the attempts at its messages."""

from typing import Any

from storage.contract import SpanStore
from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.journeys.scenes import told_of
from web.journeys.journey import journey_of_attribute
from web.trace_shapes import Journey


def journey_of(store: SpanStore) -> Journey:
    return journey_of_attribute(store, "order.id", "A", 0)["journey"]


def deliver(scene: Scene, send: Any, trace: int, *, error: bool = False, **values: Any) -> Any:
    """A delivery of what `send` sent, at 100 times its trace."""
    told = {"service": "payment", "name": "process"} | {
        name: values.pop(name) for name in ("service", "name", "message") if name in values
    }
    consumer = scene.span(trace, 1, start_time_unix_nano=trace * 100, error=error, **told)
    scene.hand_over(send, consumer, **values)
    return consumer


def ordered() -> tuple[Scene, Any]:
    """An order that was sent: trace 1, spans 1 (root) and 2 (send)."""
    scene = Scene()
    scene.span(1, 1, order="A")
    return scene, scene.span(1, 2, parent=1, name="publish")


def test_a_journey_without_failures_is_ok_and_has_no_attempts_to_list() -> None:
    scene, send = ordered()
    deliver(scene, send, 2)
    journey = journey_of(scene.store())
    assert (journey["status"], journey["attempts"]) == ("ok", [])


def test_a_delivery_that_failed_makes_it_an_error() -> None:
    scene, send = ordered()
    deliver(scene, send, 2, error=True)
    assert journey_of(scene.store())["status"] == "error"


def test_a_failed_attempt_that_was_repeated_with_success_is_ok() -> None:
    scene, send = ordered()
    deliver(scene, send, 2, error=True, message="m-1", attempt=1)
    deliver(scene, send, 3, message="m-1", attempt=2)
    journey = journey_of(scene.store())
    assert journey["status"] == "ok"
    assert journey["attempts"] == [
        {
            "message": "m-1",
            "destination": "orders",
            "attempt": attempt,
            "trace_id": trace_hex(trace),
            "span_id": span_hex(1),
            "outcome": outcome,
            "how": how,
            "gap_nano": gap,
            "chain": 1,
            "ended_by": "ok",
        }
        for attempt, trace, outcome, how, gap in (
            (1, 2, "error", "first", None),
            (2, 3, "ok", "redelivery", 90),
        )
    ]


def test_the_last_attempt_counts_even_if_an_earlier_one_succeeded() -> None:
    scene, send = ordered()
    deliver(scene, send, 2, attempt=1)
    deliver(scene, send, 3, error=True, attempt=2)
    assert journey_of(scene.store())["status"] == "error"


def test_success_in_another_service_does_not_heal_a_failed_delivery() -> None:
    scene, send = ordered()
    deliver(scene, send, 2, error=True)
    deliver(scene, send, 3, service="audit")
    journey = journey_of(scene.store())
    assert (journey["status"], journey["attempts"]) == ("error", [])


def test_success_of_another_message_of_the_same_send_does_not_heal_it_either() -> None:
    scene, send = ordered()
    deliver(scene, send, 2, error=True, message="m-1")
    deliver(scene, send, 3, message="m-2")
    assert journey_of(scene.store())["status"] == "error"


def test_a_dead_letter_is_listed_after_the_attempts_that_led_to_it() -> None:
    scene, send = ordered()
    for attempt in (1, 2, 3):
        deliver(scene, send, attempt + 1, error=True, attempt=attempt)
    deliver(
        scene, send, 9, service="dlq-worker", destination="orders-dlq", dead_letter=True, attempt=1
    )
    journey = journey_of(scene.store())
    assert journey["status"] == "dead-letter"
    assert [(a["attempt"], a["destination"], a["outcome"]) for a in journey["attempts"]] == [
        (1, "orders", "error"),
        (2, "orders", "error"),
        (3, "orders", "error"),
        (4, "orders-dlq", "dead-letter"),
    ]
    assert {a["message"] for a in journey["attempts"]} == {span_hex(2)}


def test_the_sentence_tells_the_failures_of_the_message_that_died_and_of_no_other() -> None:
    scene, send = ordered()
    for attempt in (1, 2, 3):
        deliver(scene, send, attempt + 1, error=True, message="m-1", attempt=attempt)
    deliver(scene, send, 9, service="dlq", destination="orders-dlq", dead_letter=True, attempt=4)
    other = scene.span(1, 3, parent=1, name="publish again")
    deliver(scene, other, 20, error=True, name="charge", message="m-2", attempt=1)
    deliver(scene, other, 21, name="charge", message="m-2", attempt=2)
    told = told_of(scene.store())
    assert told.startswith("process failed three times in payment")
    assert told.endswith("The message went to orders-dlq.")


def test_a_dead_letter_shows_the_one_attempt_that_led_to_it() -> None:
    scene, send = ordered()
    deliver(scene, send, 2, error=True)
    deliver(scene, send, 3, service="audit")
    deliver(scene, send, 9, service="dlq-worker", dead_letter=True)
    outcomes = [attempt["outcome"] for attempt in journey_of(scene.store())["attempts"]]
    assert outcomes == ["error", "dead-letter"]


def test_a_dead_letter_without_a_known_producer_counts_too() -> None:
    scene, _ = ordered()
    dead = scene.span(2, 1, order="A", start_time_unix_nano=200)
    scene.endpoint(dead, "process", destination="orders-dlq", dead_letter=True)
    journey = journey_of(scene.store())
    assert journey["status"] == "dead-letter"
    assert [attempt["outcome"] for attempt in journey["attempts"]] == ["dead-letter"]


def test_a_failed_request_that_was_repeated_with_success_is_ok() -> None:
    scene = Scene()
    scene.span(1, 1, name="POST /orders", order="A", error=True)
    assert journey_of(scene.store())["status"] == "error"
    scene.span(2, 1, name="POST /orders", order="A", start_time_unix_nano=50)
    assert journey_of(scene.store())["status"] == "ok"


def test_an_error_below_a_root_that_is_fine_was_handled() -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    scene.span(1, 2, parent=1, error=True)
    assert journey_of(scene.store())["status"] == "ok"


def test_a_failed_delivery_of_another_order_in_a_shared_trace_does_not_count() -> None:
    scene, send = ordered()
    scene.span(9, 100, name="poll loop")
    other = scene.span(3, 1, order="B")
    scene.hand_over(send, scene.span(9, 1, parent=100))
    scene.hand_over(other, scene.span(9, 2, parent=100, error=True))
    assert journey_of(scene.store())["status"] == "ok"


# ------------------------------------------------------------------------- waiting


def waiting_scene(*, relation: str | None = "link") -> tuple[Scene, Any]:
    """Order A was sent, as was order B to the same destination, whose delivery has
    `relation`. Gives A's send too."""
    scene, send = ordered()
    scene.endpoint(send, "send")
    other = scene.span(7, 1, order="B")
    delivery = scene.span(8, 1, order="B")
    scene.endpoint(other, "send")
    scene.endpoint(delivery, "process", relation=relation)
    if relation is not None:
        scene.hand_over(other, delivery)
    return scene, send


def test_a_message_that_others_received_and_nobody_received_here_waits() -> None:
    assert journey_of(waiting_scene()[0].store())["status"] == "waiting"


def test_a_message_to_a_destination_that_nobody_reads_does_not_wait() -> None:
    scene, send = ordered()
    scene.endpoint(send, "send")
    assert journey_of(scene.store())["status"] == "ok"


def test_where_hand_overs_do_not_connect_nothing_is_said_to_wait() -> None:
    assert journey_of(waiting_scene(relation=None)[0].store())["status"] == "ok"


def test_where_most_deliveries_leave_no_trace_nothing_is_said_to_wait() -> None:
    scene, _ = waiting_scene()
    scene.endpoint(scene.span(20, 1, order="B"), "send")
    assert journey_of(scene.store())["status"] == "waiting"
    scene.endpoint(scene.span(21, 1, order="B"), "send")
    assert journey_of(scene.store())["status"] == "ok"


def test_a_delivery_in_the_journey_whose_producer_is_unknown_may_be_the_message() -> None:
    scene, _ = waiting_scene()
    orphan = scene.span(2, 1, order="A", start_time_unix_nano=200)
    scene.endpoint(orphan, "process")
    assert journey_of(scene.store())["status"] == "ok"


def test_a_delivered_message_does_not_wait() -> None:
    scene, send = waiting_scene()
    scene.hand_over(send, scene.span(2, 1))
    assert journey_of(scene.store())["status"] == "ok"


def test_a_send_that_failed_does_not_wait() -> None:
    scene, send = waiting_scene()
    scene.hand_over(send, scene.span(2, 1))
    failed = scene.span(1, 3, parent=1, error=True)
    scene.endpoint(failed, "send")
    assert journey_of(scene.store())["status"] == "ok"
