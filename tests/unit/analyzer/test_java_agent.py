"""Span shapes of the OpenTelemetry Java agent that no other library sends."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import span
from tests.unit.analyzer.messages import DELIVERED, SENT, UUID, delivery, send

RABBITMQ = {"messaging.system": "rabbitmq"}


def call(name: str, **changes: Any) -> Any:
    """A call on an AMQP channel: a client span of its own, named after the method."""
    told: dict[str, Any] = {"trace": 5, "id": 51, "kind": "CLIENT", "service": "payment-service"}
    return span(name, **(told | {"at": 0.5} | changes), attributes=RABBITMQ)


@pytest.mark.parametrize(
    "name", ["basic.consume", "basic.qos", "queue.declare", "exchange.declare", "basic.ack"]
)
def test_a_call_on_a_channel_is_no_delivery(name: str) -> None:
    sent = send(attributes=RABBITMQ)
    taken = delivery(trace=1, parent=11, attributes=RABBITMQ)
    answers = analysed(sent, taken, call(name))
    assert answers.orphans == {}
    assert list(answers.edges) == [(SENT, (1, 21))]
    assert (5, 51) not in answers.endpoints


def test_a_consumer_span_of_that_name_is_one() -> None:
    taken = delivery(name="basic.consume", attributes=RABBITMQ)
    assert set(analysed(send(attributes=RABBITMQ), taken).orphans) == {DELIVERED}


def test_a_jms_message_without_properties_is_found_by_its_id_and_lost_its_headers() -> None:
    jms = {"messaging.system": "jms", "messaging.message.id": f"ID:{UUID}-1:1:1:1:1"}
    answers = analysed(send(attributes=jms), delivery(attributes=jms))
    assert answers.edges == {(SENT, DELIVERED): "message-id"}
    assert answers.causes == {DELIVERED: "R1"}


@pytest.mark.parametrize("system", ["jms", "rabbitmq"])
def test_a_message_of_a_producer_that_nobody_instrumented_lost_no_headers(system: str) -> None:
    taken = delivery(attributes={"messaging.system": system})
    assert analysed(taken).causes == {DELIVERED: "P3"}
