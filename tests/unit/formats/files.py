"""Reading bytes as if they were a file."""

import io
import json
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.any_value import Json, to_object
from collector.formats.reading import read_requests


def read_messages(content: bytes) -> list[ExportTraceServiceRequest]:
    return [
        ExportTraceServiceRequest.FromString(request.payload)
        for request in read_requests(io.BytesIO(content))
    ]


def read_spans(content: bytes) -> list[tuple[ResourceSpans, ScopeSpans, Span]]:
    """Every span with what it belongs to."""
    return [
        (resource_spans, scope_spans, span)
        for message in read_messages(content)
        for resource_spans in message.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def read_one_span(document: Any) -> tuple[ResourceSpans, ScopeSpans, Span]:
    (found,) = read_spans(json.dumps(document).encode())
    return found


def attributes(pairs: Any) -> dict[str, Json]:
    found: list[KeyValue] = list(pairs)
    return to_object(found)
