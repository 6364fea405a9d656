"""What the traces of a shop look like: fourteen services, two traces an order.

The front trace runs through gateway, order and payment service and sends a message; the
back trace begins where inventory receives it and goes on over Kafka to warehouse,
shipping and others. A trace has 6 to 12 spans: the first six steps always, of the others
as many as make the wanted size.
"""

import random
from dataclasses import dataclass

from opentelemetry.proto.trace.v1.trace_pb2 import Span

Value = str | int

SERVER, CLIENT, INTERNAL = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL
PRODUCER, CONSUMER = Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER

LANGUAGES = {
    "api-gateway": "nodejs",
    "order-service": "java",
    "payment-service": "java",
    "fraud-service": "python",
    "pricing-service": "go",
    "customer-service": "go",
    "catalog-service": "go",
    "inventory-service": "python",
    "warehouse-service": "python",
    "shipping-service": "java",
    "label-service": "nodejs",
    "notification-service": "nodejs",
    "invoice-service": "java",
    "analytics-service": "python",
}
SCOPES = {
    SERVER: "http.server",
    CLIENT: "client",
    INTERNAL: "app",
    PRODUCER: "messaging",
    CONSUMER: "messaging",
}
SYSTEMS = {"orders.created": "aws_sqs", "payments.captured": "kafka", "stock.reserved": "kafka"}


@dataclass(frozen=True, slots=True)
class Step:
    """A span of a trace. `parent` is the index of the step above; where that was left out,
    the one above it. `target` is what the step talks to: a route, a table, a destination."""

    service: str
    kind: "Span.SpanKind.ValueType"
    parent: int | None
    target: str


FRONT = (
    Step("api-gateway", SERVER, None, "/orders"),
    Step("api-gateway", CLIENT, 0, "order-service/orders"),
    Step("order-service", SERVER, 1, "/orders"),
    Step("order-service", INTERNAL, 2, "validate order"),
    Step("order-service", CLIENT, 2, "sql:orders"),
    Step("order-service", PRODUCER, 2, "orders.created"),
    Step("order-service", CLIENT, 2, "payment-service/payments"),
    Step("payment-service", SERVER, 6, "/payments"),
    Step("fraud-service", SERVER, 7, "/score"),
    Step("payment-service", PRODUCER, 7, "payments.captured"),
    Step("pricing-service", SERVER, 2, "/quotes/{id}"),
    Step("catalog-service", SERVER, 2, "/products/{id}"),
    Step("customer-service", SERVER, 2, "/customers/{id}"),
)
BACK = (
    Step("inventory-service", CONSUMER, None, "orders.created"),
    Step("inventory-service", INTERNAL, 0, "reserve stock"),
    Step("inventory-service", CLIENT, 0, "sql:stock"),
    Step("inventory-service", PRODUCER, 0, "stock.reserved"),
    Step("warehouse-service", CONSUMER, 3, "stock.reserved"),
    Step("warehouse-service", INTERNAL, 4, "plan picking"),
    Step("warehouse-service", CLIENT, 4, "shipping-service/shipments"),
    Step("shipping-service", SERVER, 6, "/shipments"),
    Step("label-service", SERVER, 7, "/labels"),
    Step("notification-service", CONSUMER, 3, "stock.reserved"),
    Step("invoice-service", CONSUMER, 3, "stock.reserved"),
    Step("analytics-service", CONSUMER, 3, "stock.reserved"),
)
SMALLEST, LARGEST, ALWAYS = 6, 12, 6


def describe_step(
    step: Step, message_id: str, draw: random.Random, *, failed: bool
) -> tuple[str, dict[str, Value]]:
    """Name and attributes of the span, as the semantic conventions ask for."""
    target = step.target
    if step.kind in (PRODUCER, CONSUMER):
        return _describe_message(step, message_id, draw)
    if step.kind == SERVER:
        method = "GET" if "{id}" in target else "POST"
        return f"{method} {target}", {
            "http.request.method": method,
            "http.route": target,
            "url.path": target.replace("{id}", str(draw.randrange(10**6))),
            "http.response.status_code": 500 if failed else 200,
            "server.address": f"{step.service}.internal",
            "server.port": 8080,
        }
    if target.startswith("sql:"):
        table = target.removeprefix("sql:")
        return f"UPDATE {table}", {
            "db.system.name": "postgresql",
            "db.namespace": "shop",
            "db.collection.name": table,
            "db.operation.name": "UPDATE",
            "server.address": "postgres.internal",
            "server.port": 5432,
        }
    if step.kind == CLIENT:
        peer, _, path = target.partition("/")
        return "POST", {
            "http.request.method": "POST",
            "url.full": f"http://{peer}.internal:8080/{path}",
            "server.address": f"{peer}.internal",
            "server.port": 8080,
            "http.response.status_code": 500 if failed else 200,
            "network.protocol.version": "1.1",
        }
    return target, {
        "code.function.name": f"{step.service}.{target.replace(' ', '_')}",
        "thread.id": draw.randrange(1, 200),
        "thread.name": f"worker-{draw.randrange(32)}",
        "app.tenant": f"tenant-{draw.randrange(40)}",
        "app.items": draw.randrange(1, 20),
        "app.region": ("eu-west-1", "us-east-1")[draw.randrange(2)],
    }


def _describe_message(
    step: Step, message_id: str, draw: random.Random
) -> tuple[str, dict[str, Value]]:
    verb = "send" if step.kind == PRODUCER else "process"
    attributes: dict[str, Value] = {
        "messaging.system": SYSTEMS[step.target],
        "messaging.destination.name": step.target,
        "messaging.operation.type": verb,
        "messaging.message.id": message_id,
        "server.address": f"broker-{draw.randrange(3)}.internal",
    }
    if step.kind == PRODUCER:
        attributes["messaging.message.body.size"] = draw.randrange(200, 4000)
    else:
        attributes["messaging.consumer.group.name"] = step.service
        attributes["messaging.destination.partition.id"] = str(draw.randrange(12))
    return f"{verb} {step.target}", attributes
