"""Orders of a shop as OTLP requests: endless, seeded, the same bytes for the same seed.

Each order is two traces (benchmarks/pipeline.py) joined by a link. One order in fifty
loses the link and only the message id joins the two. Spans carry 8 or 9 attributes,
`order.id` and `workflow.id` among them; a third of them is about messages. Whole traces
stand in a request, every id once.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.pipeline import (
    ALWAYS,
    BACK,
    CONSUMER,
    FRONT,
    LANGUAGES,
    LARGEST,
    PRODUCER,
    SCOPES,
    SMALLEST,
    Step,
    Value,
    describe_step,
)

START = 1_760_000_000_000_000_000
SPANS_PER_REQUEST = 512
BROKEN_EVERY = 50
_ORDER_NANO = 10_000_000
_WAIT_NANO = 300_000_000
_POD_COUNT = 2

Member = tuple[str, str, Span]
"""Service, the pod it ran in, and the span."""


def order_id(number: int) -> str:
    """Of the order with this number; orders count from 1."""
    return f"ORD-{number:08d}-{number * 7919 % 10_000:04d}"


@dataclass(slots=True)
class _Order:
    """An order whose back trace is still to come."""

    number: int
    workflow: str
    message_id: str
    sent: Span


@dataclass
class Workload:
    """Traces, the front one and the back one of each order in turn."""

    seed: int = 1
    orders: int = 0
    _random: random.Random = field(init=False)
    _open: _Order | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._pods = {
            service: [f"{service}-{self._random.randbytes(4).hex()}" for _ in range(_POD_COUNT)]
            for service in LANGUAGES
        }

    def next_trace(self, size: int) -> list[Member]:
        """`size` spans, SMALLEST to LARGEST."""
        order, self._open = self._open, None
        if order is not None:
            start = order.sent.end_time_unix_nano + self._random.randrange(_WAIT_NANO)
            back = self._trace(BACK, size, start, order)
            if order.number % BROKEN_EVERY:
                self._link(back[0][2], order.sent)
            return back
        self.orders += 1
        workflow = f"wf-{self._random.randbytes(6).hex()}"
        order = _Order(self.orders, workflow, self._message_id(), Span())
        front = self._trace(FRONT, size, START + self.orders * _ORDER_NANO, order)
        order.sent = next(span for _, _, span in front if span.kind == PRODUCER)
        self._open = order
        return front

    def _message_id(self) -> str:
        text = self._random.randbytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _trace(self, steps: tuple[Step, ...], size: int, start: int, order: _Order) -> list[Member]:
        optional = self._random.sample(range(ALWAYS, len(steps)), size - ALWAYS)
        trace_id = self._random.randbytes(16)
        messages = {"orders.created": order.message_id}
        spans: dict[int, Span] = {}
        members = []
        for index in (*range(ALWAYS), *sorted(optional)):
            step, above = steps[index], steps[index].parent
            while above is not None and above not in spans:
                above = steps[above].parent
            parent = None if above is None else spans[above]
            message_id = messages.get(step.target) or self._message_id()
            messages[step.target] = message_id
            span = spans[index] = self._span(step, trace_id, parent, start, message_id)
            _add_attributes(
                span.attributes,
                {"order.id": order_id(order.number), "workflow.id": order.workflow},
            )
            if step.kind == CONSUMER and parent is not None:
                self._link(span, parent)
            members.append((step.service, self._random.choice(self._pods[step.service]), span))
        return members

    def _span(
        self, step: Step, trace_id: bytes, parent: Span | None, start: int, message_id: str
    ) -> Span:
        draw = self._random
        failed = draw.random() < 0.01
        name, attributes = describe_step(step, message_id, draw, failed=failed)
        begin = start
        if parent is not None:
            begin = parent.start_time_unix_nano + draw.randrange(50_000, 4_000_000)
        span = Span(
            trace_id=trace_id,
            span_id=draw.randbytes(8),
            parent_span_id=b"" if parent is None else parent.span_id,
            flags=0x301 if parent is not None and step.kind == CONSUMER else 0x101,
            name=name,
            kind=step.kind,
            start_time_unix_nano=begin,
            end_time_unix_nano=begin + draw.randrange(500_000, 250_000_000),
        )
        _add_attributes(span.attributes, attributes)
        if failed:
            span.status.code = span.status.STATUS_CODE_ERROR
            span.status.message = "operation failed"
        if draw.random() < 0.05:
            event = span.events.add(time_unix_nano=begin + 200_000, name="retry")
            _add_attributes(
                event.attributes,
                {"retry.attempt": draw.randrange(1, 4), "retry.reason": "timeout"},
            )
        return span

    def _link(self, span: Span, producer: Span) -> None:
        link = span.links.add(trace_id=producer.trace_id, span_id=producer.span_id)
        _add_attributes(link.attributes, {"messaging.operation.type": "receive"})


def _add_attributes(target: MutableSequence[KeyValue], attributes: dict[str, Value]) -> None:
    for key, value in attributes.items():
        any_value = (
            AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
        )
        target.append(KeyValue(key=key, value=any_value))


def make_request(members: list[Member]) -> ExportTraceServiceRequest:
    """Spans grouped by pod and by scope, as SDKs and Collectors send them."""
    pods: dict[tuple[str, str], dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for service, pod, span in members:
        pods[service, pod][SCOPES[span.kind]].append(span)
    request = ExportTraceServiceRequest()
    for (service, pod), scopes in pods.items():
        resource = request.resource_spans.add()
        _add_attributes(
            resource.resource.attributes,
            {
                "service.name": service,
                "service.namespace": "shop",
                "service.version": "1.4.2",
                "service.instance.id": pod,
                "deployment.environment.name": "production",
                "telemetry.sdk.language": LANGUAGES[service],
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": "1.38.0",
            },
        )
        for scope, spans in scopes.items():
            added = resource.scope_spans.add(spans=spans)
            added.scope.name = f"io.opentelemetry.{LANGUAGES[service]}.{scope}"
            added.scope.version = "2.10.0"
    return request


def make_requests(
    spans: int, per_request: int = SPANS_PER_REQUEST, seed: int = 1
) -> Iterator[tuple[int, bytes]]:
    """(number of spans, protobuf) of whole traces, until at least `spans` spans are made.
    `per_request` is SMALLEST or more."""
    workload = Workload(seed)
    sizes = random.Random(seed)
    for _ in range(-(-spans // per_request)):
        members: list[Member] = []
        while left := per_request - len(members):
            fitting = [n for n in range(SMALLEST, LARGEST + 1) if left == n or left - n >= SMALLEST]
            members += workload.next_trace(sizes.choice(fitting))
        yield per_request, make_request(members).SerializeToString()
