"""Sends that nobody received: told where others beside them were, and nowhere else."""

from typing import Any

import pytest

from analyzer.unreceived import Unreceived, find_unreceived, is_passive_lambda
from storage.contract import SpanStore
from tests.answer_builders import Scene
from tests.contract.rows import Row, traces

STEP = 1_000


class Sends:
    """Sends one after the other, each in a trace of its own, to one destination."""

    def __init__(self, system: str = "aws_sqs", destination: str = "orders") -> None:
        self.scene = Scene()
        self._told = {"system": system, "destination": destination}
        self._count = 0

    def send(
        self, *consumers: str, wait: int = 5, consumer: dict[str, Any] | None = None, **told: Any
    ) -> Row:
        """A send; each of `consumers` receives its message after `wait` ns."""
        self._count += 1
        trace, start = self._count, self._count * STEP
        send = self.scene.span(trace, 1, service="shop", name="publish", start_time_unix_nano=start)
        self.scene.endpoint(send, "send", **(self._told | told))
        for number, service in enumerate(consumers):
            arrival = start + 10 + wait
            taken = self.scene.span(
                100 + trace, 1 + number, service=service, start_time_unix_nano=arrival
            )
            told_consumer = {"relation": "link"} | (consumer or {})
            self.scene.endpoint(taken, "process", **(self._told | told_consumer))
            self.scene.hand_over(send, taken, wait_nano=wait, **(self._told | {"scope": None}))
        return send

    def find(self) -> list[Unreceived]:
        return find(self.scene.store())


def find(store: SpanStore) -> list[Unreceived]:
    return find_unreceived(store.recent_sends(300, 100), store.unconnected_deliveries())


def test_a_send_between_received_ones_that_nobody_received_is_told() -> None:
    sends = Sends()
    sends.send("pay")
    lost = sends.send()
    for _ in range(3):
        sends.send("pay")

    (found,) = sends.find()
    assert (found.system, found.destination) == ("aws_sqs", "orders")
    assert (found.missing, found.sends) == (1, 5)
    assert found.example == (lost["trace_hi"], lost["trace_lo"], lost["span_id"])
    assert found.edges == {(None, None, "shop", "aws_sqs", "orders", None, "pay", None)}
    assert len(found.consumers) == 4


def test_nothing_is_told_where_nobody_receives() -> None:
    sends = Sends()
    for _ in range(5):
        sends.send()

    assert sends.find() == []


def test_sends_before_the_first_and_after_the_last_received_one_say_nothing() -> None:
    sends = Sends()
    sends.send()
    sends.send("pay")
    sends.send("pay")
    sends.send()

    assert sends.find() == []


def test_a_send_that_may_still_be_under_way_says_nothing() -> None:
    sends = Sends()
    for _ in range(4):
        sends.send("pay", wait=50 * STEP)
    sends.send()
    sends.send("pay", wait=0)

    assert sends.find() == []


def test_one_of_several_readers_is_enough() -> None:
    sends = Sends("aws_sns")
    for number in range(6):
        sends.send("pay") if number % 2 else sends.send("pay", "stock")

    assert sends.find() == []


def test_every_edge_of_a_fan_out_is_named() -> None:
    sends = Sends("aws_sns")
    sends.send("pay", "stock")
    sends.send()
    sends.send("pay", "stock")

    (found,) = sends.find()
    assert sorted(str(edge[6]) for edge in found.edges) == ["pay", "stock"]
    assert (found.missing, found.sends) == (1, 3)


@pytest.mark.parametrize(
    ("system", "received", "missing", "told"),
    [
        ("aws_sqs", 10, 10, True),
        ("aws_sqs", 10, 15, False),  # consumers that are sampled or hardly recorded
        ("aws_sns", 10, 15, True),
        ("aws_sns", 10, 40, False),  # a filter policy
        ("rabbitmq", 10, 5, False),  # keys that no queue is bound to
        ("aws_eventbridge", 30, 2, True),
        ("kafka", 250, 2, False),  # under a hundredth
        ("kafka", 250, 3, True),
    ],
)
def test_so_many_must_be_received_that_the_others_are_missing(
    system: str, received: int, missing: int, told: bool
) -> None:
    sends = Sends(system)
    sends.send("pay")
    for number in range(max(received - 2, missing)):
        if number < missing:
            sends.send()
        if number < received - 2:
            sends.send("pay")
    sends.send("pay")

    assert bool(sends.find()) == told


@pytest.mark.parametrize("destination", ["orders", None])
def test_deliveries_of_unknown_producers_may_be_the_missing_ones(destination: str | None) -> None:
    sends = Sends()
    sends.send("pay")
    sends.send()
    sends.send("pay")
    cut = sends.scene.span(500, 1, service="pay", start_time_unix_nano=3 * STEP)
    sends.scene.endpoint(cut, "process", destination=destination)

    assert sends.find() == []


def test_what_another_queue_received_long_ago_or_elsewhere_does_not_count() -> None:
    sends = Sends()
    sends.send("pay")
    sends.send()
    sends.send("pay")
    old = sends.scene.span(500, 1, service="pay", start_time_unix_nano=3)
    sends.scene.endpoint(old, "process")
    other = sends.scene.span(501, 1, service="mail", start_time_unix_nano=3 * STEP)
    sends.scene.endpoint(other, "process", destination="mails")
    abroad = sends.scene.span(502, 1, service="pay", start_time_unix_nano=3 * STEP)
    sends.scene.endpoint(abroad, "process", environment="test")

    assert len(sends.find()) == 1


def test_what_a_queue_without_senders_received_may_come_from_a_topic() -> None:
    sends = Sends("aws_sns", "topic")
    sends.send("pay")
    sends.send()
    sends.send("pay")
    cut = sends.scene.span(500, 1, service="mail", start_time_unix_nano=3 * STEP)
    sends.scene.endpoint(cut, "process", destination="mails")

    assert sends.find() == []


def test_a_span_that_takes_several_messages_may_have_taken_the_missing_one() -> None:
    sends = Sends()
    one = sends.send("pay")
    sends.send()
    two = sends.send("pay")
    batch = sends.scene.span(500, 1, service="pay", start_time_unix_nano=4 * STEP)
    for send in (one, two):
        sends.scene.hand_over(send, batch)

    assert sends.find() == []


def test_failed_sends_are_not_missed() -> None:
    sends = Sends()
    sends.send("pay")
    sends.send(error=True)
    sends.send("pay")

    assert sends.find() == []


@pytest.mark.parametrize(
    ("scope", "epoch", "passive"),
    [
        ("@opentelemetry/instrumentation-aws-lambda", True, True),
        ("opentelemetry.instrumentation.aws_lambda", False, False),
        ("opentelemetry.instrumentation.boto3sqs", True, False),
        (None, True, False),
    ],
)
def test_functions_in_traces_of_xray_may_be_silent(
    scope: str | None, epoch: bool, passive: bool
) -> None:
    sends = Sends()
    told = {"scope_name": scope, "epoch_trace": epoch}
    sends.send("fn", consumer=told)
    sends.send()
    sends.send("fn", consumer=told)
    store = sends.scene.store()

    (found,) = find(store)
    assert is_passive_lambda(store.endpoints_of(traces(*range(999))), found.consumers) == passive
