"""One message as its two spans tell of it: what the tests of the analyzer start from."""

from typing import Any

from tests.builders import Built, span

UUID = "0d5e1c2a-7b1f-4c55-9f1e-2b7f6a309a41"
KAFKA = {"messaging.system": "kafka", "messaging.destination.name": "payments"}
ORDER = {"order.id": "ORD-1"}
SENT, DELIVERED = (1, 11), (2, 21)
"""Trace and span of the two."""


def send(**changes: Any) -> Built:
    """`order.publish` of order-service to the queue `orders`, trace 1, span 11."""
    told: dict[str, Any] = {
        "name": "order.publish",
        "trace": 1,
        "id": 11,
        "kind": "PRODUCER",
        "service": "order-service",
        "at": 1.0,
        "duration": 0.1,
    }
    attributes = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    attributes |= changes.pop("attributes", {})
    return span(**(told | changes), attributes=attributes)


def delivery(**changes: Any) -> Built:
    """`order.process` of payment-service from the queue `orders`, trace 2, span 21, a root."""
    told: dict[str, Any] = {
        "name": "order.process",
        "trace": 2,
        "id": 21,
        "kind": "CONSUMER",
        "service": "payment-service",
        "at": 2.0,
        "duration": 0.1,
    }
    attributes = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    attributes |= changes.pop("attributes", {})
    return span(**(told | changes), attributes=attributes)
