"""What the times of hand-overs contradict."""

from typing import Any

from tests.answer_builders import Scene
from tests.unit.web.journeys.scenes import order_journey
from web.shapes import Connection


def connections_of(scene: Scene) -> list[Connection]:
    return order_journey(scene.store(), "A")["connections"]


def hand_over(scene: Scene, trace: int, *, sent: int, received: int, **values: Any) -> None:
    """A send (10 long) in trace 1 and its delivery in `trace`."""
    send = scene.span(1, trace, order="A", start_time_unix_nano=sent, name="publish")
    consumer = scene.span(trace, 1, service="payment", start_time_unix_nano=received)
    scene.hand_over(send, consumer, wait_nano=received - sent - 10)
    if values:
        scene.message(consumer, **values)


def test_a_consumer_that_starts_before_its_send_shows_the_offset_of_the_clocks() -> None:
    scene = Scene()
    hand_over(scene, 2, sent=2_000_000_000, received=500_000_000)
    (connection,) = connections_of(scene)
    assert connection["clock_offset_nano"] == -1_500_000_000
    assert [(n["code"], n["title"]) for n in connection["notes"]] == [
        (
            "clock-offset",
            "It began 1.5 s before its send did. The clock of payment is behind that of shop by "
            "at least 1.5 s: a message cannot be handled before its send began.",
        )
    ]
    assert connection["notes"][0]["fix"]


def test_a_consumer_that_starts_before_its_send_ends_proves_no_offset() -> None:
    scene = Scene()
    hand_over(scene, 2, sent=100, received=105)
    (connection,) = connections_of(scene)
    assert connection["wait_nano"] == -5
    assert (connection["clock_offset_nano"], connection["notes"]) == (None, [])


def test_the_offset_stands_beside_negative_waits_only() -> None:
    scene = Scene()
    hand_over(scene, 2, sent=1_000, received=400)
    hand_over(scene, 3, sent=1_000, received=1_500)
    assert {c["wait_nano"]: c["clock_offset_nano"] for c in connections_of(scene)} == {
        -610: -600,
        490: None,
    }


def test_a_batch_that_began_before_its_later_messages_proves_no_offset() -> None:
    scene = Scene()
    consumer = scene.span(9, 1, service="payment", start_time_unix_nano=500)
    for number, sent in enumerate((100, 900), start=1):
        send = scene.span(1, number, order="A", start_time_unix_nano=sent)
        scene.hand_over(send, consumer, wait_nano=500 - sent - 10)
    assert [c["clock_offset_nano"] for c in connections_of(scene)] == [None, None]


def test_a_record_handled_before_one_ahead_of_it_has_a_note() -> None:
    scene = Scene()
    hand_over(scene, 2, sent=10, received=900, kafka_partition=0, kafka_offset=7)
    hand_over(scene, 3, sent=20, received=500, kafka_partition=0, kafka_offset=8)
    hand_over(scene, 4, sent=30, received=400, kafka_partition=1, kafka_offset=9)
    told = {
        c["consumer"]["trace_id"][-1]: [n["code"] for n in c["notes"]]
        for c in connections_of(scene)
    }
    assert told == {"2": [], "3": ["order"], "4": []}


def test_a_message_of_a_group_handled_out_of_turn_has_a_note() -> None:
    scene = Scene()
    hand_over(scene, 2, sent=10, received=900, message_group="g", sequence_number="18849496460467")
    hand_over(scene, 3, sent=20, received=500, message_group="g", sequence_number="18849496460468")
    hand_over(scene, 4, sent=30, received=400, message_group="g", sequence_number="not a number")
    (note,) = [note for c in connections_of(scene) for note in c["notes"]]
    assert note["title"].startswith(
        "Message 18849496460467 stands ahead of this one in the message group g"
    )
