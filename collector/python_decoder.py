"""OTLP protobuf -> columns, in plain Python on the generated classes.

The reference for every other decoder, and what runs where no native one is installed.
It walks the messages and appends to columns; no object stands for a span.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.any_value import json_text, plain_text, to_object
from collector.columns import BatchColumns
from collector.decoded import Decoded, UndecodableRequest
from collector.identity import canonical, content_id
from collector.typed_columns import CorrelationKeys, Typed, TypedColumns
from collector.utf8 import MalformedWire, repair_request
from storage.schema import MESSAGING, RESOURCES, load_attributes

_LATEST = 2**63 - 1  # 11 April 2262: times are signed 64-bit nanoseconds
_PRODUCER, _CONSUMER = 4, 5
_TYPED = MESSAGING.names[6:]  # after the ids of the part


class PythonDecoder:
    """Decodes requests; one instance serves any number of threads."""

    name = "python"

    def __init__(
        self,
        attributes: Mapping[str, Any] | None = None,
        correlation_keys: Sequence[str] = (),
    ) -> None:
        """`attributes` is storage/attributes.toml; `correlation_keys` adds to its keys."""
        told = load_attributes() if attributes is None else attributes
        self._typed = TypedColumns(told)
        self._correlation = CorrelationKeys(told, correlation_keys)
        self._resource_names: dict[str, list[str]] = told["resource"]

    def decode(self, payload: bytes) -> Decoded:
        """The spans of one ExportTraceServiceRequest. Bad spans are left out one by one
        and counted; raises UndecodableRequest when the envelope cannot be read."""
        columns, rejected = BatchColumns(), Counter[str]()
        spans = 0
        for resource_spans in parse_request(payload).resource_spans:
            resource = self._add_resource(columns, resource_spans)
            for scope_spans in resource_spans.scope_spans:
                scope = _add_scope(columns, scope_spans)
                for span in scope_spans.spans:
                    reason = _flaw(span)
                    if reason is None:
                        self._add_span(columns, span, resource, scope)
                        spans += 1
                    else:
                        rejected[reason] += 1
        reasons = "; ".join(f"{count} × {reason}" for reason, count in rejected.most_common())
        return Decoded(columns.batch(), spans, rejected.total(), reasons)

    def _add_resource(self, columns: BatchColumns, spans: ResourceSpans) -> int:
        resource = spans.resource
        attributes = to_object(resource.attributes)
        text, dropped = json_text(attributes), resource.dropped_attributes_count
        entities = json_text(
            [
                {
                    "schema_url": entity.schema_url,
                    "type": entity.type,
                    "id_keys": list(entity.id_keys),
                    "description_keys": list(entity.description_keys),
                }
                for entity in resource.entity_refs
            ]
        )
        identity = content_id(canonical([dropped], [text, entities, spans.schema_url]))
        known = {
            column: next(
                (found for name in names if (found := plain_text(attributes.get(name)))), None
            )
            for column, names in self._resource_names.items()
        }
        columns["resources"].append(
            identity,
            *(known[column] for column in RESOURCES.names[1:6]),
            text,
            dropped,
            entities if resource.entity_refs else None,
            spans.schema_url,
        )
        return identity

    def _add_span(self, columns: BatchColumns, span: Span, resource: int, scope: int) -> None:
        attributes = to_object(span.attributes)
        text = json_text(attributes)
        parent = int.from_bytes(span.parent_span_id, "big")
        links = [
            (
                *_trace_halves(link.trace_id),
                _span_number(link.span_id),
                link.trace_state or None,
                link.flags,
                to_object(link.attributes),
                link.dropped_attributes_count,
            )
            for link in span.links
        ]
        events = [
            (
                event.time_unix_nano,
                event.name,
                to_object(event.attributes),
                event.dropped_attributes_count,
            )
            for event in span.events
        ]
        numbers = (
            span.kind,
            span.flags,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.status.code,
            span.dropped_attributes_count,
            span.dropped_events_count,
            span.dropped_links_count,
        )
        head = canonical(
            [parent, resource, scope, *numbers, len(links), len(events)],
            [span.name, span.trace_state, span.status.message, text],
        )
        pieces = [head]  # joined once: adding bytes to bytes copies all of them each time
        for hi, lo, linked, state, flags, told, dropped in links:
            pieces.append(canonical([hi, lo, linked, flags, dropped], [state, json_text(told)]))
        for time, name, told, dropped in events:
            pieces.append(canonical([time, dropped], [name, json_text(told)]))
        part = (
            *_trace_halves(span.trace_id),
            int.from_bytes(span.span_id, "big"),
            content_id(b"".join(pieces)),
        )
        kind, flags, start, end, status, *dropped_counts = numbers
        columns["spans"].append(
            *part,
            parent or None,
            resource,
            scope,
            span.name,
            kind,
            flags,
            span.trace_state or None,
            start,
            end,
            status,
            span.status.message or None,
            text,
            *dropped_counts,
        )
        boundary = kind in (_PRODUCER, _CONSUMER)
        self._add_typed(columns, part, "span", 0, self._typed.row(attributes, always=boundary))
        for key, value in self._correlation.values(attributes).items():
            columns["correlation"].append(*part, key, value)
        for position, (hi, lo, linked, state, flags, told, dropped) in enumerate(links):
            columns["links"].append(
                *part, position, hi, lo, linked, state, flags, json_text(told), dropped
            )
            self._add_typed(columns, part, "link", position, self._typed.row(told))
        for position, (time, name, told, dropped) in enumerate(events):
            columns["events"].append(*part, position, time, name, json_text(told), dropped)
            self._add_typed(columns, part, "event", position, self._typed.row(told))

    @staticmethod
    def _add_typed(
        columns: BatchColumns,
        part: tuple[int, ...],
        kind: str,
        position: int,
        row: dict[str, Typed] | None,
    ) -> None:
        if row is not None:
            columns["messaging"].append(*part, kind, position, *(row.get(c) for c in _TYPED))


def parse_request(payload: bytes) -> ExportTraceServiceRequest:
    """Invalid UTF-8 and values nested too deeply are repaired. Raises UndecodableRequest."""
    try:
        return ExportTraceServiceRequest.FromString(payload)
    except DecodeError:
        pass
    # One such value makes protobuf refuse everything beside it.
    try:
        repaired = repair_request(payload, ExportTraceServiceRequest.DESCRIPTOR)
        return ExportTraceServiceRequest.FromString(repaired)
    except MalformedWire as flaw:
        raise UndecodableRequest(f"not an ExportTraceServiceRequest: {flaw}") from None
    except DecodeError as error:
        raise UndecodableRequest(f"not an ExportTraceServiceRequest: {error}") from None


def _add_scope(columns: BatchColumns, spans: ScopeSpans) -> int:
    scope = spans.scope
    text, dropped = json_text(to_object(scope.attributes)), scope.dropped_attributes_count
    identity = content_id(canonical([dropped], [scope.name, scope.version, text, spans.schema_url]))
    columns["scopes"].append(identity, scope.name, scope.version, text, dropped, spans.schema_url)
    return identity


def _flaw(span: Span) -> str | None:
    """Why a span cannot be kept (trace.proto: ids of other lengths or all zero are
    invalid), None when it can."""
    if len(span.trace_id) != 16 or not any(span.trace_id):
        return "trace_id is not 16 bytes, or all zero"
    if len(span.span_id) != 8 or not any(span.span_id):
        return "span_id is not 8 bytes, or all zero"
    if len(span.parent_span_id) not in (0, 8):
        return "parent_span_id is not 8 bytes"
    times = (span.start_time_unix_nano, span.end_time_unix_nano)
    if max(times) > _LATEST or any(event.time_unix_nano > _LATEST for event in span.events):
        return "a time is beyond the year 2262"
    return None


def _trace_halves(trace_id: bytes) -> tuple[int, int]:
    """High and low half; zeros for an id of another length (only links get so far)."""
    if len(trace_id) != 16:
        return 0, 0
    return int.from_bytes(trace_id[:8], "big"), int.from_bytes(trace_id[8:], "big")


def _span_number(span_id: bytes) -> int:
    return int.from_bytes(span_id, "big") if len(span_id) == 8 else 0
