"""One unit of work of any size, as OTLP requests: the same bytes for the same size.

An order fans out: each trace works through its steps and sends messages, each of which a
trace of its own begins with, joined by a link; about one in fifty waits for an hour. Every
trace carries `order.id`, every hundredth step fails, each span has eight attributes.
"""

from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

START = 1_760_000_000_000_000_000
ORDER = "LARGE"
SPANS_PER_REQUEST = 2_000
_SERVICES = 12
_SENT = 3  # messages of a trace
_STEP = 2_000_000
_WAIT = 40_000_000
_LONG_WAIT = 3_600_000_000_000
_EACH_LONG, _EACH_FAILED = 50, 100
_CHILDREN = 4

_KINDS = (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_CLIENT)


def trace_id(trace: int) -> bytes:
    return (0xA000 << 112 | trace + 1).to_bytes(16, "big")


def span_id(trace: int, number: int) -> bytes:
    return (trace * 1_000_000 + number + 1).to_bytes(8, "big")


def make_requests(spans: int, per_trace: int = 100) -> Iterator[bytes]:
    """`spans` spans in traces of `per_trace`, the last one may be shorter; one trace when
    `per_trace` is not below `spans`. Encoded ExportTraceServiceRequests."""
    sent: dict[int, tuple[int, int]] = {0: (0, START)}  # trace -> span that sent it, when
    waiting: list[tuple[int, Span]] = []
    for trace in range(-(-spans // per_trace)):
        size = min(per_trace, spans - trace * per_trace)
        sender, start = sent.pop(trace)
        for number, span in enumerate(_make_trace(trace, size, start)):
            service = (trace + number // 25) % _SERVICES
            if number == 0 and trace > 0:
                before = (trace - 1) // _SENT
                span.kind = Span.SPAN_KIND_CONSUMER
                span.name = "order.process"
                span.links.add(trace_id=trace_id(before), span_id=span_id(before, sender))
            if number and number % max(per_trace // (_SENT + 1), 1) == 0 and per_trace < spans:
                nth = number // max(per_trace // (_SENT + 1), 1)
                if nth <= _SENT:
                    span.kind, span.name = Span.SPAN_KIND_PRODUCER, "order.publish"
                    after = trace * _SENT + nth
                    long = after % _EACH_LONG == 0
                    wait = _LONG_WAIT if long else _WAIT
                    sent[after] = (number, span.end_time_unix_nano + wait)
            if span.kind in (Span.SPAN_KIND_CONSUMER, Span.SPAN_KIND_PRODUCER):
                _message(span)
            waiting.append((service, span))
            if len(waiting) == SPANS_PER_REQUEST:
                yield _encode(waiting)
                waiting = []
    if waiting:
        yield _encode(waiting)


def _make_trace(trace: int, size: int, start: int) -> Iterator[Span]:
    for number in range(size):
        begun = start + number * _STEP
        # a parent runs until its last descendant may have ended
        span = Span(
            trace_id=trace_id(trace),
            span_id=span_id(trace, number),
            parent_span_id=b"" if number == 0 else span_id(trace, (number - 1) // _CHILDREN),
            name=f"step {number % 40}",
            kind=_KINDS[number % 3],
            start_time_unix_nano=begun,
            end_time_unix_nano=begun + _STEP * (size if number == 0 else 1),
            attributes=[
                _text("order.id", ORDER),
                _text("http.request.method", "POST"),
                _text("url.path", f"/orders/{trace}/{number}"),
                _text("server.address", "orders.internal"),
                _text("code.function.name", "shop.orders.handle"),
                _text("thread.name", f"worker-{number % 8}"),
                _text("app.tenant", f"tenant-{trace % 17}"),
                _text("app.region", "eu-west-1"),
            ],
            flags=0x101,
        )
        if number % _EACH_FAILED == _EACH_FAILED - 1:
            span.status.code = 2  # type: ignore[assignment]  # enum values are ints
            span.status.message = "the warehouse did not answer"
        yield span


def _message(span: Span) -> None:
    send = span.kind == Span.SPAN_KIND_PRODUCER
    span.attributes.extend(
        [
            _text("messaging.system", "aws_sqs"),
            _text("messaging.destination.name", "orders"),
            _text("messaging.operation.type", "send" if send else "process"),
        ]
    )


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _encode(members: list[tuple[int, Span]]) -> bytes:
    request = ExportTraceServiceRequest()
    scopes = {}
    for service, span in members:
        if service not in scopes:
            resource = request.resource_spans.add()
            resource.resource.attributes.append(_text("service.name", f"service-{service:02d}"))
            scopes[service] = resource.scope_spans.add()
        scopes[service].spans.append(span)
    return request.SerializeToString()
