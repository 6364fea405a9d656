"""Asking for journeys, and scenes for them."""

from storage.contract import SpanStore
from tests.answer_builders import STORED_AT, Scene
from web.journeys.journey import find_journey_of_attribute, journey_of_attribute, journey_of_trace
from web.trace_shapes import Journey
from web.waterfall.cast import Cast
from web.waterfall.picture import read_picture
from web.waterfall.sentences import tell_journey


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


def told_of(store: SpanStore, order: str = "A") -> str:
    """The sentence at the top of the page of an order's journey."""
    journey = find_journey_of_attribute(store, "order.id", order, 0)
    cast = Cast(journey.stored, read_picture(journey.stored))
    return "".join(part.text for part in tell_journey(journey, cast, 0))
