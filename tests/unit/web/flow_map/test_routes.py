"""Where messages were sent to that were taken from elsewhere: told by spans, never guessed."""

from dataclasses import replace
from typing import Any

import pytest

from storage.destination_reads import Place
from tests.answer_builders import Scene
from tests.golden.recordings import open_recording
from web.flow_map.routes import gather_routes, read_routes

EDGE = (None, None, "order-service", "aws_sqs", "orders", None, "payment-service", None)
QUEUE = Place("aws_sqs", "orders", None)
BUS = Place("aws_eventbridge", "stock", None)


def test_an_edge_has_the_places_its_messages_were_sent_to() -> None:
    assert gather_routes([(EDGE, BUS, QUEUE), (EDGE, BUS, QUEUE)]) == {EDGE: [BUS]}
    assert gather_routes([(EDGE, BUS, QUEUE), (EDGE, QUEUE, QUEUE)]) == {EDGE: [BUS, QUEUE]}


@pytest.mark.parametrize(
    "sent",
    [
        QUEUE,
        replace(QUEUE, scope="123456789012"),
        replace(QUEUE, system=None),
        replace(QUEUE, destination=None),
    ],
)
def test_what_is_told_less_or_more_exactly_is_no_other_place(sent: Place) -> None:
    assert gather_routes([(EDGE, sent, QUEUE), (EDGE, QUEUE, sent)]) == {}


def test_a_bus_and_a_queue_of_one_name_are_two_places() -> None:
    bus = Place("aws_eventbridge", "orders", None)
    assert gather_routes([(EDGE, bus, QUEUE)]) == {EDGE: [bus]}


@pytest.mark.parametrize(
    ("recording", "routes"),
    [
        ("pipeline_dead_letters", {("stock", "shipments"), ("orders", "orders-dlq")}),
        ("manual_eventbridge_e2", {("stock", "shipments")}),  # with stitches
        ("py_confluent_mirrored", {("lumen.orders", "eu.lumen.orders")}),
        ("java_rabbitmq_healthy", set()),
        ("py_celery_beat", set()),
        ("tutorial_sqs_s1", set()),  # deliveries that name no queue
    ],
)
def test_recordings_have_the_routes_that_were_taken(
    recording: str, routes: set[tuple[str, str]]
) -> None:
    store, _ = open_recording(recording)
    found = read_routes(store, store.recent_sends(300, 1_000))
    assert {(place.destination, key[4]) for key, sent in found.items() for place in sent} == routes


def dead_letter_among(sends: int, *, with_send: bool = True) -> Scene:
    scene = Scene()
    for number in range(1, sends + 1):
        send = scene.span(number, 1, service="shop", start_time_unix_nano=10 * number)
        scene.endpoint(send, "send")
        taken = scene.span(number, 2, service="pay", start_time_unix_nano=10 * number + 5)
        scene.hand_over(send, taken)
    first: Any = scene.span(sends + 1, 1, service="shop", start_time_unix_nano=1)
    if with_send:
        scene.endpoint(first, "send")
    dead = scene.span(sends + 1, 2, service="worker", start_time_unix_nano=1_000)
    scene.hand_over(first, dead, destination="orders-dlq", dead_letter=True)
    return scene


def test_a_dead_letter_that_is_not_of_the_newest_sends_has_its_route() -> None:
    store = dead_letter_among(9).store()
    (place,) = read_routes(store, store.recent_sends(3, 10)).values()
    assert place == [Place("aws_sqs", "orders", None)]


def test_a_dead_letter_whose_send_is_not_stored_as_one_has_no_route() -> None:
    store = dead_letter_among(9, with_send=False).store()
    assert read_routes(store, store.recent_sends(3, 10)) == {}
