"""Spans into requests of bounded size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

# Below 4 MiB, which is what gRPC receivers take when nobody told them otherwise.
REQUEST_BYTES = 3 * 1024 * 1024
REQUEST_SPANS = 8_192


@dataclass(frozen=True, slots=True)
class Request:
    """One encoded ExportTraceServiceRequest."""

    payload: bytes
    spans: int


@dataclass(frozen=True, slots=True)
class PlacedSpan:
    """A span with the resource and the scope it belongs to; both without spans."""

    resource: ResourceSpans
    scope: ScopeSpans
    span: Span


def pack_request(message: ExportTraceServiceRequest) -> Iterator[Request]:
    """The request as it is, or divided when it is too large."""
    spans = sum(
        len(scope_spans.spans)
        for resource_spans in message.resource_spans
        for scope_spans in resource_spans.scope_spans
    )
    if message.ByteSize() <= REQUEST_BYTES:
        yield Request(message.SerializeToString(), spans)
    else:
        yield from pack_spans(place_spans(message))


def place_spans(message: ExportTraceServiceRequest) -> Iterator[PlacedSpan]:
    for resource_spans in message.resource_spans:
        resource = ResourceSpans()
        resource.CopyFrom(resource_spans)
        del resource.scope_spans[:]
        for scope_spans in resource_spans.scope_spans:
            scope = ScopeSpans(scope=scope_spans.scope, schema_url=scope_spans.schema_url)
            for span in scope_spans.spans:
                yield PlacedSpan(resource, scope, span)


def pack_spans(spans: Iterable[PlacedSpan]) -> Iterator[Request]:
    """Requests in which equal resources and scopes stand once."""
    building = _Building()
    for placed in spans:
        if not building.has_room_for(placed):
            yield building.request()
            building = _Building()
        building.add(placed)
    if building.spans:
        yield building.request()


class _Building:
    """A request under construction."""

    def __init__(self) -> None:
        self.spans = self._size = 0
        self._message = ExportTraceServiceRequest()
        self._resources: dict[bytes, ResourceSpans] = {}
        self._scopes: dict[tuple[bytes, bytes], ScopeSpans] = {}

    def has_room_for(self, placed: PlacedSpan) -> bool:
        size = self._size + placed.span.ByteSize()
        return not self.spans or (size <= REQUEST_BYTES and self.spans < REQUEST_SPANS)

    def add(self, placed: PlacedSpan) -> None:
        self._scope_of(placed).spans.append(placed.span)
        self.spans += 1
        self._size += placed.span.ByteSize() + 6  # with its tag and length

    def _scope_of(self, placed: PlacedSpan) -> ScopeSpans:
        resource = placed.resource.SerializeToString()
        key = (resource, placed.scope.SerializeToString())
        if key not in self._scopes:
            if resource not in self._resources:
                self._resources[resource] = self._message.resource_spans.add()
                self._resources[resource].CopyFrom(placed.resource)
                self._size += len(resource) + 6
            self._scopes[key] = self._resources[resource].scope_spans.add()
            self._scopes[key].CopyFrom(placed.scope)
            self._size += len(key[1]) + 6
        return self._scopes[key]

    def request(self) -> Request:
        return Request(self._message.SerializeToString(), self.spans)
