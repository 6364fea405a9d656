"""Brokers that call one destination, message or operation by several names."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import span
from tests.unit.analyzer.messages import DELIVERED, ORDER, SENT, UUID, delivery, send


def at(system: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    place = {} if name is None else {"messaging.destination.name": name}
    return {"messaging.system": system, **place, **more}


def rule(system: str, one: str, other: str, more: dict[str, Any] | None = None) -> Any:
    """Of the edge between a send to one name and a delivery from the other."""
    told = more or ORDER
    edges = analysed(
        send(attributes=at(system, one) | told), delivery(attributes=at(system, other) | told)
    ).edges
    return edges.get((SENT, DELIVERED))


@pytest.mark.parametrize(
    ("system", "one", "other"),
    [
        ("pulsar", "orders", "persistent://public/default/orders"),
        ("pulsar", "persistent://shop/eu/orders", "persistent://shop/eu/orders-partition-3"),
        ("pulsar", "non-persistent://public/default/orders", "public/default/orders"),
        ("gcp_pubsub", "orders", "projects/shop/topics/orders"),
        ("servicebus", "orders", "orders/Subscriptions/billing"),
        ("azure_servicebus", "orders", "orders/subscriptions/billing/$DeadLetterQueue"),
    ],
)
def test_one_destination_has_several_names(system: str, one: str, other: str) -> None:
    assert rule(system, one, other) == "correlation-id"


@pytest.mark.parametrize(
    ("system", "one", "other"),
    [
        ("pulsar", "persistent://shop/eu/orders", "persistent://shop/us/orders"),
        ("pulsar", "non-stop", "stop"),
        ("kafka", "orders", "persistent://public/default/orders"),
        ("nats", "orders", "orders/Subscriptions/billing"),
    ],
)
def test_other_names_are_other_destinations(system: str, one: str, other: str) -> None:
    assert rule(system, one, other) is None


def test_a_subscription_is_the_group_that_has_a_copy() -> None:
    told = analysed(delivery(attributes=at("servicebus", "orders/Subscriptions/billing")))
    place = told.endpoints[DELIVERED]
    assert (place["destination"], place["consumer_group"]) == ("orders", "billing")


def test_the_project_is_the_scope_of_a_topic() -> None:
    told = analysed(send(attributes=at("gcp_pubsub", "projects/shop/topics/orders")))
    assert (told.endpoints[SENT]["destination"], told.endpoints[SENT]["scope"]) == (
        "orders",
        "shop",
    )


@pytest.mark.parametrize(
    "system", ["artemis", "ActiveMQ_Artemis", "activemq", "Apache ActiveMQ", "jms"]
)
def test_java_calls_a_broker_jms_and_others_by_its_name(system: str) -> None:
    told = {"messaging.message.id": f"ID:{UUID}-1:1"}
    spans = send(attributes=at(system) | told), delivery(attributes=at("jms") | told)
    assert analysed(*spans).edges == {(SENT, DELIVERED): "message-id"}
    spans = send(attributes=at("kafka") | told), delivery(attributes=at("activemq") | told)
    assert analysed(*spans).edges == {}


def task(name: str, **told: Any) -> Any:
    scope = "taskiq.middlewares.opentelemetry_middleware"
    return span(name, scope=scope, attributes={"taskiq.task_name": "charge"}, **told)


def test_a_task_of_taskiq_is_the_place_that_it_is_sent_to() -> None:
    sent = task("send/charge", trace=1, id=11, kind="PRODUCER", service="shop")
    told: dict[str, Any] = {"id": 21, "kind": "CONSUMER", "service": "worker", "at": 1.0}
    healthy = analysed(sent, task("execute/charge", trace=1, parent=11, **told))
    place = healthy.endpoints[1, 21]
    assert (place["system"], place["destination"]) == ("taskiq", "charge")
    assert healthy.orphans == {}
    assert set(analysed(sent, task("execute/charge", trace=2, **told)).orphans) == {DELIVERED}


PLACE = {"messaging.message.id": "17:4:-1:0"}


def test_a_place_in_a_ledger_names_a_message_of_its_topic() -> None:
    assert rule("pulsar", "orders", "persistent://public/default/orders", PLACE) == "message-id"
    assert rule("pulsar", "orders", "refunds", PLACE) is None


@pytest.mark.parametrize(
    "name", ["defer", "renew_lock", "acknowledge", "negative_acknowledge", "nak", "term"]
)
def test_settling_has_many_names_and_is_no_delivery(name: str) -> None:
    told = at("servicebus", **{"messaging.operation.name": name})
    answers = analysed(delivery(kind="CLIENT", name=f"{name} orders", attributes=told))
    assert (answers.orphans, answers.endpoints) == ({}, {})


def get(**attributes: Any) -> Any:
    """`basic.get` of RabbitMQ, as the Java agent records it."""
    told = at("rabbitmq", "orders", **{"messaging.operation": "receive"})
    return delivery(name="orders receive", attributes=told | attributes)


KEY = {"messaging.rabbitmq.destination.routing_key": "orders"}


def test_a_get_that_took_a_message_without_headers_is_an_orphan_root() -> None:
    sent = send(attributes=at("rabbitmq", "orders"))
    assert set(analysed(sent, get(**KEY)).orphans) == {DELIVERED}


def test_a_get_that_found_nothing_is_none() -> None:
    sent = send(attributes=at("rabbitmq", "orders"))
    assert analysed(sent, get()).orphans == {}
    assert analysed(sent, get(**KEY, **{"messaging.batch.message_count": 0})).orphans == {}


def test_a_get_that_took_a_message_with_its_headers_is_connected() -> None:
    told = at("rabbitmq", "orders", **{"messaging.operation": "receive"}) | KEY
    taken = delivery(trace=1, parent=11, name="orders receive", attributes=told)
    answers = analysed(send(attributes=at("rabbitmq", "orders")), taken)
    assert answers.orphans == {}
    assert list(answers.edges) == [(SENT, (1, 21))]
