"""What a request may be made of.

The smallest messages take two bytes, and forty times that as columns: 64 MiB of them would
be gigabytes. As text, attributes can become six times as long and a resource's entities
thirty times, and a store has to hold such a text in one piece. The largest requests of real
exporters stay far below each limit.
"""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decoded import UndecodableRequest

MOST_PARTS = 2_000_000
MOST_SPAN_BYTES = 8 << 20
MOST_ORIGIN_BYTES = 1 << 20
"""Of a resource or scope with its schema URL."""


def check_size(request: ExportTraceServiceRequest, length: int) -> None:
    """`length` in bytes is the request's. Raises UndecodableRequest."""
    parts = len(request.resource_spans)
    for resource_spans in request.resource_spans:
        parts += len(resource_spans.scope_spans)
        for scope_spans in resource_spans.scope_spans:
            parts += len(scope_spans.spans)
            parts += sum(len(span.links) + len(span.events) for span in scope_spans.spans)
    if parts > MOST_PARTS:
        _refuse(f"more than {MOST_PARTS:,} resources, scopes, spans, links and events are in it")
    if length > MOST_ORIGIN_BYTES:  # else nothing in it can be too long
        _check_lengths(request)


def _check_lengths(request: ExportTraceServiceRequest) -> None:
    for resource_spans in request.resource_spans:
        _check_origin(resource_spans.resource.ByteSize(), resource_spans.schema_url)
        for scope_spans in resource_spans.scope_spans:
            _check_origin(scope_spans.scope.ByteSize(), scope_spans.schema_url)
            if any(span.ByteSize() > MOST_SPAN_BYTES for span in scope_spans.spans):
                _refuse("a span of more than 8 MiB is in it")


def _check_origin(size: int, schema_url: str) -> None:
    if size + len(schema_url.encode()) > MOST_ORIGIN_BYTES:
        _refuse("a resource or scope of more than 1 MiB is in it")


def _refuse(what: str) -> None:
    raise UndecodableRequest(f"not an ExportTraceServiceRequest: {what}")
