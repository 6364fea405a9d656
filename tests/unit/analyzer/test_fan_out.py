"""Correlation ids over buses and topics, which hand one message to several consumers."""

from typing import Any

import pytest

from tests.analysed import Analysed, analysed
from tests.builders import Built, span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, SENT, UUID, delivery, send

ANOTHER_ID = UUID.replace("0", "7")
TOPIC = {"messaging.system": "aws_sns", "messaging.destination.name": "order-events"}
BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "order-bus"}


def queue(name: str) -> dict[str, str]:
    return {"messaging.destination.name": name} | ORDER


def arrived(name: str, **changes: Any) -> Built:
    """The delivery of the message of `send` that kept its context."""
    told: dict[str, Any] = {"trace": 1, "id": 15, "parent": 11, "service": "billing"}
    return delivery(**(told | changes), attributes=queue(name))


def confidences(answers: Analysed) -> dict[Any, float]:
    return {pair: c["confidence"] for pair, c in answers.connections.items() if pair[1][0] == 2}


@pytest.mark.parametrize("bridge", [TOPIC, BUS])
@pytest.mark.parametrize("service", ["billing", "payment-service"])
def test_a_message_that_arrived_at_one_queue_reaches_another_that_is_named_after_its_topic(
    bridge: dict[str, str], service: str
) -> None:
    """Also where one service reads both queues."""
    answers = analysed(
        send(attributes=bridge | ORDER),
        arrived("orders-billing", service=service),
        delivery(attributes=queue("orders-payments")),
    )
    assert answers.edges == {(SENT, (1, 15)): "parent", (SENT, DELIVERED): "correlation-id"}


def test_a_queue_of_another_name_may_hold_what_was_sent_later() -> None:
    answers = analysed(
        send(attributes=TOPIC | ORDER),
        arrived("orders-billing"),
        delivery(attributes=queue("payments")),
    )
    assert confidences(answers) == {(SENT, DELIVERED): 0.4}


def test_the_same_queue_again_is_another_message_about_the_order() -> None:
    answers = analysed(
        send(attributes=TOPIC | ORDER),
        arrived("orders-billing", service="payment-service"),
        delivery(attributes=queue("orders-billing")),
    )
    assert confidences(answers) == {}


def test_two_orders_with_one_id_are_not_told_apart() -> None:
    answers = analysed(
        send(attributes=TOPIC | ORDER),
        arrived("orders-billing"),
        send(trace=3, id=31, attributes=TOPIC | ORDER),
        delivery(attributes=queue("orders-payments")),
    )
    assert set(confidences(answers).values()) == {0.3}


def test_a_copied_topic_has_the_records_that_groups_of_the_first_one_got() -> None:
    original = delivery(trace=1, id=15, parent=11, service="stock", attributes=KAFKA)
    sent = send(attributes=KAFKA | ORDER)

    def read(topic: str) -> Built:
        return delivery(attributes=KAFKA | ORDER | {"messaging.destination.name": topic})

    assert set(analysed(sent, original, read("dr.payments")).edges) == {
        (SENT, (1, 15)),
        (SENT, DELIVERED),
    }
    assert confidences(analysed(sent, original, read("payments-enriched"))) == {}


def test_a_topic_after_which_the_queue_is_named_comes_before_any_other() -> None:
    """Which has not told its order to this one, or whose message arrived here already."""
    other = {"messaging.system": "aws_sns", "messaging.destination.name": "stock-9"}
    answers = analysed(
        send(attributes=TOPIC | ORDER),
        send(trace=3, id=31, attributes=other | ORDER),
        delivery(attributes=queue("orders-payments")),
    )
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}

    redelivered = analysed(
        send(attributes=TOPIC | ORDER),
        arrived("orders-payments", service="payment-service"),
        send(trace=3, id=31, attributes=other | ORDER),
        delivery(attributes=queue("orders-payments")),
    )
    assert confidences(redelivered) == {}


def onward(**changes: Any) -> list[Built]:
    """A service that publishes while it handles a message."""
    handled = delivery(trace=3, id=30, service="order-service", attributes={
        "messaging.destination.name": "incoming", "messaging.message.id": ANOTHER_ID})  # fmt: skip
    told: dict[str, Any] = {"trace": 3, "id": 31, "parent": 30, "attributes": TOPIC | ORDER}
    return [handled, send(**(told | changes))]


@pytest.mark.parametrize(("name", "confidence"), [("payments", 0.4), ("orders-payments", 0.9)])
def test_what_was_published_while_a_message_was_handled_may_be_a_later_hop(
    name: str, confidence: float
) -> None:
    answers = analysed(*onward(), delivery(attributes=queue(name)))
    assert confidences(answers) == {((3, 31), DELIVERED): confidence}


def test_what_an_entry_publishes_is_no_later_hop() -> None:
    entry = span("POST /orders", trace=1, id=10, kind="SERVER", service="order-service")
    answers = analysed(
        entry,
        send(parent=10, attributes=TOPIC | ORDER),
        delivery(attributes=queue("payments")),
    )
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}


@pytest.mark.parametrize(("name", "confidence"), [("order.publish", 0.9), ("refund.publish", 0.4)])
def test_names_of_spans_that_are_about_something_else_speak_against_a_bus(
    name: str, confidence: float
) -> None:
    default = BUS | {"messaging.destination.name": "default"}
    sent = send(name=name, attributes=default | ORDER)
    answers = analysed(sent, delivery(attributes=queue("payments")))
    assert confidences(answers) == {(SENT, DELIVERED): confidence}


def test_a_bus_that_neither_names_is_doubted_by_the_names_of_the_spans() -> None:
    silent = {"messaging.system": "aws_eventbridge", "messaging.destination.name": ""} | ORDER

    def from_span(name: str) -> set[float]:
        told = analysed(send(name=name, attributes=silent), delivery(attributes=silent))
        return set(confidences(told).values())

    assert from_span("order.publish") == {0.9}
    assert from_span("refund.publish") == {0.4}


@pytest.mark.parametrize(("sender", "confidence"), [("order-service", 0.9), ("fn", 0.4)])
def test_a_function_does_not_get_what_it_sends_itself(sender: str, confidence: float) -> None:
    told: dict[str, Any] = {"faas.trigger": "pubsub", "faas.invocation_id": "i"}
    invoked = span("fn", trace=2, id=21, kind="SERVER", service="fn", at=2.0,
                   scope="@opentelemetry/instrumentation-aws-lambda",
                   attributes=told | ORDER)  # fmt: skip
    answers = analysed(send(service=sender, attributes=BUS | ORDER), invoked)
    assert confidences(answers) == {(SENT, DELIVERED): confidence}
