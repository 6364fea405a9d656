"""Orders of a shop as OTLP requests: endless, seeded, the same bytes for the same seed.

Each order is two traces joined by a link. The front trace runs through gateway, order
and payment service and sends a message; the back trace begins where inventory receives
it and goes on over Kafka to warehouse, shipping and others. One order in fifty loses the
link and only the message id joins the two. Spans carry 8 to 10 attributes, as semantic
conventions ask for, and `order.id`.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

START = 1_760_000_000_000_000_000
BROKEN_EVERY = 50
_ORDER_NANO = 40_000_000
_WAIT_NANO = 300_000_000

Value = str | int


@dataclass(frozen=True, slots=True)
class Step:
    """A span of a trace. `parent` is the index of the step above, `target` what it talks
    to; optional steps are drawn to reach different sizes."""

    service: str
    kind: "Span.SpanKind.ValueType"
    parent: int | None
    target: str
    optional: bool = False


_SERVER, _CLIENT, _INTERNAL = (
    Span.SPAN_KIND_SERVER,
    Span.SPAN_KIND_CLIENT,
    Span.SPAN_KIND_INTERNAL,
)
_PRODUCER, _CONSUMER = Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER

FRONT = [
    Step("api-gateway", _SERVER, None, "/orders"),
    Step("api-gateway", _CLIENT, 0, "order-service/orders"),
    Step("order-service", _SERVER, 1, "/orders"),
    Step("order-service", _INTERNAL, 2, "validate order"),
    Step("order-service", _CLIENT, 2, "sql:orders"),
    Step("order-service", _PRODUCER, 2, "orders.created"),
    Step("order-service", _CLIENT, 2, "payment-service/payments", optional=True),
    Step("payment-service", _SERVER, 2, "/payments", optional=True),
    Step("fraud-service", _SERVER, 2, "/score", optional=True),
    Step("pricing-service", _SERVER, 2, "/quotes/{id}", optional=True),
    Step("customer-service", _SERVER, 2, "/customers/{id}", optional=True),
]
BACK = [
    Step("inventory-service", _CONSUMER, None, "orders.created"),
    Step("inventory-service", _INTERNAL, 0, "reserve stock"),
    Step("inventory-service", _CLIENT, 0, "sql:stock"),
    Step("inventory-service", _PRODUCER, 0, "inventory.reserved"),
    Step("warehouse-service", _CONSUMER, 3, "inventory.reserved"),
    Step("warehouse-service", _INTERNAL, 4, "plan picking"),
    Step("warehouse-service", _CLIENT, 4, "shipping-service/shipments", optional=True),
    Step("shipping-service", _SERVER, 4, "/shipments", optional=True),
    Step("label-service", _SERVER, 4, "/labels", optional=True),
    Step("notification-service", _CONSUMER, 3, "inventory.reserved", optional=True),
    Step("invoice-service", _CONSUMER, 3, "inventory.reserved", optional=True),
]
SYSTEMS = {"orders.created": "aws_sqs", "inventory.reserved": "kafka"}


@dataclass
class Workload:
    """Spans of one order after the other, as (service, span)."""

    seed: int = 1
    orders: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next_order(self) -> list[tuple[str, Span]]:
        self.orders += 1
        sent, broken = self._message_id(), self.orders % BROKEN_EVERY == 0
        start = START + self.orders * _ORDER_NANO
        front, producer = self._trace(FRONT, start, {"orders.created": sent})
        back_start = producer.end_time_unix_nano + self._random.randrange(_WAIT_NANO)
        reserved = {"orders.created": sent, "inventory.reserved": self._message_id()}
        back, _ = self._trace(BACK, back_start, reserved)
        if not broken:
            back[0][1].links.add(trace_id=producer.trace_id, span_id=producer.span_id)
        return front + back

    def _message_id(self) -> str:
        return self._random.randbytes(16).hex()

    def _trace(
        self, steps: list[Step], start: int, messages: dict[str, str]
    ) -> tuple[list[tuple[str, Span]], Span]:
        """The spans, and the producer among them."""
        share = self._random.random()
        trace_id = self._random.randbytes(16)
        spans: dict[int, Span] = {}
        for index, step in enumerate(steps):
            if step.optional and self._random.random() > share:
                continue
            parent = None if step.parent is None else spans[step.parent]
            spans[index] = self._span(step, trace_id, parent, start, messages)
        producer = next(s for s in spans.values() if s.kind == _PRODUCER)
        return [(steps[index].service, span) for index, span in spans.items()], producer

    def _span(
        self, step: Step, trace_id: bytes, parent: Span | None, start: int, messages: dict[str, str]
    ) -> Span:
        failed = self._random.random() < 0.01
        name, attributes = self._describe(step, messages, failed=failed)
        attributes |= {"order.id": f"ORD-{self.orders}", "app.tenant": f"tenant-{self.orders % 40}"}
        begin = start
        if parent is not None:
            begin = parent.start_time_unix_nano + self._random.randrange(50_000, 4_000_000)
        span = Span(
            trace_id=trace_id,
            span_id=self._random.randbytes(8),
            parent_span_id=b"" if parent is None else parent.span_id,
            flags=0x101 if parent is None or step.kind != _CONSUMER else 0x301,
            name=name,
            kind=step.kind,
            start_time_unix_nano=begin,
            end_time_unix_nano=begin + self._random.randrange(500_000, 250_000_000),
            attributes=[_key_value(key, value) for key, value in attributes.items()],
        )
        if failed:
            span.status.code = span.status.STATUS_CODE_ERROR
        if self._random.random() < 0.05:
            span.events.add(
                time_unix_nano=begin + 200_000,
                name="retry",
                attributes=[_key_value("retry.reason", "timeout")],
            )
        return span

    def _describe(
        self, step: Step, messages: dict[str, str], *, failed: bool
    ) -> tuple[str, dict[str, Value]]:
        """Name and attributes of a span."""
        draw, target = self._random.randrange, step.target
        if step.kind in (_PRODUCER, _CONSUMER):
            verb = "send" if step.kind == _PRODUCER else "process"
            return f"{verb} {target}", {
                "messaging.system": SYSTEMS[target],
                "messaging.destination.name": target,
                "messaging.operation.type": verb,
                "messaging.message.id": messages[target],
                "messaging.message.body.size": draw(200, 4000),
                "server.address": f"broker-{draw(3)}.internal",
            }
        if step.kind == _SERVER:
            return f"POST {target}", {
                "http.request.method": "POST",
                "http.route": target,
                "url.path": target.replace("{id}", str(draw(10**6))),
                "http.response.status_code": 500 if failed else 200,
                "server.address": f"{step.service}.internal",
                "server.port": 8080,
            }
        if step.kind == _CLIENT:
            peer, _, path = target.partition("/")
            return "POST", {
                "http.request.method": "POST",
                "url.full": f"http://{peer}.internal/{path}",
                "server.address": f"{peer}.internal",
                "server.port": 8080,
                "http.response.status_code": 500 if failed else 200,
                "network.protocol.version": "1.1",
            }
        return target, {
            "code.function.name": f"{step.service}.{target.replace(' ', '_')}",
            "thread.id": draw(1, 200),
            "thread.name": f"worker-{draw(32)}",
            "app.items": draw(1, 20),
            "app.region": ("eu-west-1", "us-east-1")[draw(2)],
            "app.version": "1.4.2",
        }


def _key_value(key: str, value: Value) -> KeyValue:
    any_value = (
        AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    )
    return KeyValue(key=key, value=any_value)


def make_request(spans: list[tuple[str, Span]]) -> ExportTraceServiceRequest:
    """Spans grouped by service and by kind, as SDKs and Collectors send them."""
    groups: dict[str, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for service, span in spans:
        groups[service][span.kind].append(span)
    request = ExportTraceServiceRequest()
    for service, kinds in groups.items():
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(
            _key_value(key, value)
            for key, value in {
                "service.name": service,
                "service.namespace": "shop",
                "service.version": "1.4.2",
                "service.instance.id": f"{service}-0",
                "deployment.environment.name": "production",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
            }.items()
        )
        for kind, members in kinds.items():
            scope = resource.scope_spans.add(spans=members)
            scope.scope.name = f"shop.{Span.SpanKind.Name(Span.SpanKind.ValueType(kind))}"
    return request


def make_requests(spans: int, per_request: int = 512, seed: int = 1) -> Iterator[tuple[int, bytes]]:
    """(number of spans, protobuf) of whole orders, until `spans` spans are made."""
    workload, made = Workload(seed), 0
    while made < spans:
        members: list[tuple[str, Span]] = []
        while len(members) < per_request:
            members += workload.next_order()
        made += len(members)
        yield len(members), make_request(members).SerializeToString()
