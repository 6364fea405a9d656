"""The steps that a journey's messages usually get to and did not."""

from typing import Any

from storage.contract import SpanStore
from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.journeys.scenes import told_of
from web.journeys.journey import journey_of_attribute
from web.journeys.not_seen import MOST_KINDS
from web.trace_shapes import Journey
from web.waterfall.sentences import tell_not_seen

FIRST = 100  # the trace of the first example


class Shop:
    """Orders that the shop sends and others receive; order A is asked for, in trace 1."""

    def __init__(self, queue: str = "orders") -> None:
        self.scene, self.queue = Scene(), queue
        self.sent: dict[int, Any] = {}

    def send(self, trace: int, *, start: int, order: str | None = None, **values: Any) -> Any:
        span = self.scene.span(
            trace, 1, name="publish", start_time_unix_nano=start, order=order, **values
        )
        self.scene.endpoint(span, "send", start_time_unix_nano=start, destination=self.queue)
        self.sent[trace] = span
        return span

    def receive(
        self,
        trace: int,
        service: str = "warehouse",
        *,
        name: str = "stock.process",
        connected: bool = True,
        wait: int = 50,
        **values: Any,
    ) -> None:
        """A delivery of what was sent in this trace, below it."""
        send = self.sent[trace]
        start = send["end_time_unix_nano"] + wait
        number = 1000 + sum(map(ord, service + name + str(values)))
        span = self.scene.span(
            trace, number, service=service, name=name, start_time_unix_nano=start
        )
        if connected:
            told = {"destination": self.queue} | values
            self.scene.hand_over(send, span, wait_nano=wait, **told)
        self.scene.endpoint(
            span,
            "process",
            start_time_unix_nano=start,
            relation="link" if connected else None,
            destination=self.queue,
        )

    def examples(self, count: int = 20, *, missed: int = 0) -> None:
        for number in range(count):
            self.send(FIRST + number, start=1_000 * number)
            if number >= missed:
                self.receive(FIRST + number)

    def ask(self) -> Journey:
        store: SpanStore = self.scene.store()
        return journey_of_attribute(store, "order.id", "A", 0)["journey"]

    def told(self) -> list[tuple[str, str]]:
        return [(missed["step"], missed["state"]) for missed in self.ask()["not_seen"]]


STEP = "stock.process in warehouse"
NEWEST = 1_000_000


def test_a_message_that_the_usual_step_did_not_get_waits_for_it() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    journey = shop.ask()
    assert journey["status"] == "waiting"
    assert journey["not_seen"] == [
        {
            "step": STEP,
            "usual_share": 1.0,
            "usual_wait_nano": 50,
            "usual_wait_p95_nano": 50,
            "examples": 20,
            "state": "waiting",
            "destination": "orders",
            "consumer_group": None,
            "sent_by": {"trace_id": trace_hex(1), "span_id": span_hex(1)},
        }
    ]


def test_a_step_that_was_seen_is_not_missed() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    shop.receive(1)
    journey = shop.ask()
    assert (journey["status"], journey["not_seen"]) == ("ok", [])


def test_a_message_that_later_ones_overtook_is_lost() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=2_500, order="A")
    assert shop.told() == [(STEP, "lost")]
    told = told_of(shop.scene.store())
    assert told == (
        "The message sent by publish in shop was not seen again, although later ones were."
    )


def test_a_message_among_dead_letters_is_dead_for_the_step() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    shop.receive(1, "dlq-worker", dead_letter=True, destination="orders-dlq")
    assert shop.told() == [(STEP, "dead")]
    assert shop.ask()["status"] == "dead-letter"


def test_too_few_examples_say_nothing() -> None:
    shop = Shop()
    shop.examples(9)
    shop.send(1, start=NEWEST, order="A")
    assert shop.told() == []


def test_a_step_that_many_do_without_is_not_usual() -> None:
    shop = Shop()
    shop.examples(20, missed=3)
    shop.send(1, start=NEWEST, order="A")
    assert shop.told() == []


def test_messages_that_nobody_received_yet_do_not_make_a_step_unusual() -> None:
    """Its reader stands still: every message since then is still there."""
    shop = Shop()
    shop.examples()
    for number in range(30):
        shop.send(500 + number, start=100_000 + number)
    shop.send(1, start=NEWEST, order="A")
    assert shop.told() == [(STEP, "waiting")]


def test_what_another_span_of_the_service_sends_is_no_example() -> None:
    shop = Shop()
    shop.examples()
    span = shop.scene.span(1, 1, name="cancel", start_time_unix_nano=NEWEST, order="A")
    shop.scene.endpoint(span, "send")
    assert shop.told() == []


def test_one_of_several_copies_can_be_missed_alone() -> None:
    shop = Shop()
    shop.examples()
    for number in range(20):
        shop.receive(FIRST + number, "billing", name="bill.process", consumer_group="billing")
    shop.send(1, start=NEWEST, order="A")
    shop.receive(1)
    journey = shop.ask()
    assert [m["step"] for m in journey["not_seen"]] == ["bill.process in billing"]
    assert journey["not_seen"][0]["consumer_group"] == "billing"
    assert journey["status"] == "waiting"


def test_services_that_take_turns_are_one_step_and_either_will_do() -> None:
    shop = Shop()
    for number in range(20):
        shop.send(FIRST + number, start=1_000 * number)
        shop.receive(FIRST + number, "north" if number % 2 else "south")
    shop.send(1, start=NEWEST, order="A")
    assert shop.told() == [("stock.process in north or south", "waiting")]
    shop.receive(1, "south")
    assert shop.told() == []


def test_a_service_that_does_different_things_with_messages_is_one_step() -> None:
    shop = Shop()
    for number in range(20):
        shop.send(FIRST + number, start=1_000 * number)
        shop.receive(FIRST + number, name="stock.process" if number % 3 else "stock.cancel")
    shop.send(1, start=NEWEST, order="A")
    assert shop.told() == [("stock.process or stock.cancel in warehouse", "waiting")]
    shop.receive(1, name="stock.cancel")
    assert shop.told() == []


def test_a_delivery_without_known_producer_in_the_journey_may_be_the_step() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    shop.receive(1, connected=False)
    assert shop.told() == []


def test_a_delivery_without_known_producer_anywhere_since_may_be_the_step() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    shop.send(2, start=NEWEST + 5)
    shop.receive(2, connected=False)
    assert shop.told() == []


def test_a_send_that_failed_misses_nothing() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A", error=True)
    assert shop.told() == []


def test_the_message_of_another_order_sent_in_the_same_trace_is_not_missed_here() -> None:
    shop = Shop()
    shop.examples()
    shop.scene.span(1, 9, order="A", start_time_unix_nano=NEWEST)
    shop.send(1, start=NEWEST, order="B", parent=8)
    assert shop.told() == []


def test_a_journey_with_sends_of_more_kinds_than_are_judged_is_answered() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    for number in range(2, MOST_KINDS + 10):
        later = NEWEST + number
        span = shop.scene.span(
            1, number, parent=1, name=f"other {number}", start_time_unix_nano=later
        )
        shop.scene.endpoint(span, "send", start_time_unix_nano=later)
    assert shop.told() == [(STEP, "waiting")]


def test_the_sentence_names_the_send_whose_step_was_not_seen() -> None:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    shop.scene.span(1, 9, parent=1, name="later", kind=4, start_time_unix_nano=NEWEST + 5)
    told = told_of(shop.scene.store())
    assert told == "The message sent by publish in shop has not been processed yet."
    (missed,) = shop.ask()["not_seen"]
    assert tell_not_seen(missed) == (
        "stock.process in warehouse, usual in 100 % of 20 sends, 50 ns after the send; "
        "nothing shows that it was passed over"
    )
