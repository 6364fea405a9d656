"""The two ends of a hand-over over SQS, whole and broken."""

from typing import Any

from tests.builders import Built, link, span

MESSAGE = {
    "messaging.system": "aws_sqs",
    "messaging.destination.name": "orders",
    "order.id": "123",
}


def publish(name: str = "order.publish", **fields: Any) -> Built:
    """Trace 1, span 1."""
    told: dict[str, Any] = {"trace": 1, "id": 1, "kind": "PRODUCER", "service": "shop"} | fields
    attributes = MESSAGE | {"messaging.message.id": "m1"} | told.pop("attributes", {})
    return span(name, attributes=attributes, **told)


def process(name: str = "order.process", **fields: Any) -> Built:
    """Span 2, a second later; below the publishing span unless told otherwise."""
    told: dict[str, Any] = {"trace": 1, "id": 2, "parent": 1, "at": 1}
    told |= {"kind": "CONSUMER", "service": "pay"} | fields
    attributes = MESSAGE | {"messaging.message.id": "m1"} | told.pop("attributes", {})
    return span(name, attributes=attributes, **told)


def process_linked(name: str = "order.process", **fields: Any) -> Built:
    """In a trace of its own, with a link."""
    return process(name, **{"trace": 2, "parent": None, "links": [link(trace=1, id=1)]} | fields)


def process_cut(name: str = "order.process", **fields: Any) -> Built:
    """In a trace of its own."""
    return process(name, **{"trace": 2, "parent": None} | fields)
