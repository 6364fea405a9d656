"""Spans with all defaults, as an exporter would send them.

    batch(span(name="order.publish", kind="PRODUCER"), span(trace=2, links=[link(trace=1)]))

Ids are small integers (trace 7 is 00…07), times are seconds after EPOCH.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.decoded import Decoder, decode_request
from collector.decoding import make_decoder
from storage.schema import SpanBatch

EPOCH = 1_760_000_000_000_000_000  # 9 October 2025
SECOND = 1_000_000_000

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """A span and where it belongs."""

    message: Span
    resource: dict[str, Any] = field(hash=False)
    scope: tuple[str, str]


def any_value(value: Any) -> AnyValue:
    built = AnyValue()
    if isinstance(value, bool):
        built.bool_value = value
    elif isinstance(value, int):
        built.int_value = value
    elif isinstance(value, float):
        built.double_value = value
    elif isinstance(value, bytes):
        built.bytes_value = value
    elif isinstance(value, str):
        built.string_value = value
    elif isinstance(value, Mapping):
        built.kvlist_value.SetInParent()
        built.kvlist_value.values.extend(key_values(value))
    elif isinstance(value, Iterable):
        built.array_value.SetInParent()
        built.array_value.values.extend(any_value(item) for item in value)
    return built


def key_values(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def link(
    trace: int = 1,
    id: int = 1,  # noqa: A002 - as OTLP calls it
    attributes: Attributes | None = None,
    flags: int = 0x100,
    trace_state: str = "",
) -> Span.Link:
    return Span.Link(
        trace_id=trace.to_bytes(16, "big"),
        span_id=id.to_bytes(8, "big"),
        attributes=key_values(attributes or {}),
        flags=flags,
        trace_state=trace_state,
    )


def span(
    name: str = "work",
    *,
    trace: int = 1,
    id: int = 1,  # noqa: A002 - as OTLP calls it
    parent: int | None = None,
    kind: str = "INTERNAL",
    service: str | None = "service",
    at: float = 0.0,
    duration: float = 0.01,
    attributes: Attributes | None = None,
    links: Sequence[Span.Link] = (),
    events: Sequence[tuple[str, Attributes]] = (),
    status: str = "UNSET",
    status_message: str = "",
    scope: str = "tests",
    scope_version: str = "1",
    flags: int = 0x100,
    resource: Attributes | None = None,
    **fields: Any,
) -> Built:
    """One span; `fields` are further fields of the OTLP message."""
    start = EPOCH + round(at * SECOND)
    message = Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=id.to_bytes(8, "big"),
        parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=name,
        kind=getattr(Span, f"SPAN_KIND_{kind}"),
        start_time_unix_nano=start,
        end_time_unix_nano=start + round(duration * SECOND),
        attributes=key_values(attributes or {}),
        links=links,
        events=[
            Span.Event(name=event, time_unix_nano=start, attributes=key_values(told))
            for event, told in events
        ],
        flags=flags,
        **fields,
    )
    message.status.code = {"UNSET": 0, "OK": 1, "ERROR": 2}[status]  # type: ignore[assignment]  # enum values are ints
    message.status.message = status_message
    told = {} if service is None else {"service.name": service}
    return Built(message, told | dict(resource or {}), (scope, scope_version))


def request(*spans: Built) -> bytes:
    """An encoded ExportTraceServiceRequest, spans in the given order."""
    message = ExportTraceServiceRequest()
    for built in spans:
        resource_spans = message.resource_spans.add()
        resource_spans.resource.attributes.extend(key_values(built.resource))
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name, scope_spans.scope.version = built.scope
        scope_spans.spans.append(built.message)
    return message.SerializeToString()


@cache
def _decoder() -> Decoder:
    """One for all: to read the table of attributes takes longer than a few spans."""
    return make_decoder()


def batch(*spans: Built) -> SpanBatch:
    """The same spans as columns."""
    return decode_request(_decoder(), request(*spans)).batch
