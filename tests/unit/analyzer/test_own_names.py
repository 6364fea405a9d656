"""Hand-written spans of kind INTERNAL, whose role only their names tell."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import span
from tests.unit.analyzer.messages import DELIVERED, ORDER, SENT, delivery, send

SENDING = [
    *("order.publish", "order.published", "publish order", "publish_order", "Publishing order"),
    *("enqueue_job", "order.enqueue", "emit order", "push orders", "kafka produce", "notify"),
    *("dispatch_event", "put_events", "send_message", "OrderCreated publish"),
]
TAKING = [
    *("order.process", "order.received", "process order", "handle_message", "kafka consume"),
    *("on_message", "on_message_received", "execute job", "job.execute", "run_task"),
    *("order.handler", "order_consumer", "orders-listener", "receive_message", "poll_orders"),
]


@pytest.mark.parametrize("name", SENDING)
def test_a_name_tells_that_a_message_is_sent(name: str) -> None:
    sent = send(name=name, kind="INTERNAL", attributes=ORDER)
    assert set(analysed(sent, delivery(attributes=ORDER)).edges) == {(SENT, DELIVERED)}


@pytest.mark.parametrize("name", TAKING)
def test_a_name_tells_that_one_is_taken(name: str) -> None:
    taken = delivery(name=name, kind="INTERNAL", attributes=ORDER)
    work = span("SELECT", trace=2, id=22, parent=21, kind="CLIENT", service="payment-service")
    answers = analysed(send(attributes=ORDER), taken, work)
    assert set(answers.edges) == {(SENT, DELIVERED)}
    assert set(answers.orphans) == {DELIVERED}


@pytest.mark.parametrize(
    "name",
    ["order", "validate order", "order_created", "put_file", "run_report", "dispatcher", "onboard"],
)
def test_other_names_tell_nothing(name: str) -> None:
    spans: list[Any] = [
        send(attributes=ORDER),
        delivery(name=name, kind="INTERNAL", attributes=ORDER),
    ]
    answers = analysed(*spans)
    assert (answers.edges, answers.orphans) == ({}, {})
    assert DELIVERED not in answers.endpoints


@pytest.mark.parametrize("name", ["order-handler", "order_consumer", "job.processor"])
def test_the_name_of_a_request_or_function_is_no_role(name: str) -> None:
    assert DELIVERED not in analysed(delivery(name=name, kind="SERVER")).endpoints


@pytest.mark.parametrize("name", [*SENDING, *TAKING, "order-handler"])
def test_a_name_without_any_messaging_attribute_tells_nothing(name: str) -> None:
    assert analysed(span(name)).endpoints == {}


@pytest.mark.parametrize(
    "told",
    [
        {"messaging.system": "rabbitmq", "messaging.queue.name": "orders"},
        {"messaging.system": "nats", "messaging.nats.subject": "orders"},
        {"messaging.system": "redis", "messaging.redis.stream": "orders"},
        {
            "messaging.system": "aws_sqs",
            "sqs.queue_url": "http://localhost:4566/123456789012/orders",
        },
    ],
)
def test_places_have_names_of_an_applications_own(told: dict[str, Any]) -> None:
    sent = send(attributes={"messaging.destination.name": None} | told)
    assert analysed(sent).endpoints[SENT]["destination"] == "orders"


def test_records_have_them_too() -> None:
    kafka = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
    sent = send(attributes=kafka | {"messaging.partition": 1, "messaging.offset": 7})
    taken = delivery(attributes=kafka | {"kafka.partition": 1, "kafka.message.offset": 7})
    assert analysed(sent, taken).edges == {(SENT, DELIVERED): "kafka-offset"}
