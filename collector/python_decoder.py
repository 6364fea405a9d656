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

from collector.any_value import json_text, to_object
from collector.decoded import Appended, Outcome, UndecodableRequest, append_singly
from collector.derived_columns import DerivedColumns
from collector.identity import canonical, content_hash
from collector.request_size import check_size
from collector.settings_name import name_settings
from collector.utf8 import MalformedWire, repair_request
from storage.join_keys import content_id
from storage.schema import SpanBatch, load_attributes

_LATEST = 2**63 - 1  # 11 April 2262: times are signed 64-bit nanoseconds


class PythonDecoder:
    """Makes builders; one instance serves any number of threads."""

    name = "python"

    def __init__(
        self,
        attributes: Mapping[str, Any] | None = None,
        correlation_keys: Sequence[str] = (),
    ) -> None:
        """`attributes` is storage/attributes.toml; `correlation_keys` adds to its keys."""
        self.settings = name_settings(correlation_keys, attributes)
        self._told = load_attributes() if attributes is None else attributes
        self._correlation_keys = tuple(correlation_keys)

    def builder(self) -> "PythonBuilder":
        return PythonBuilder(self._told, self._correlation_keys)


class PythonBuilder:
    """A BatchBuilder."""

    def __init__(self, told: Mapping[str, Any], correlation_keys: Sequence[str]) -> None:
        self._derived = DerivedColumns(told, correlation_keys)
        self._clear()

    def append(self, payload: bytes) -> Appended:
        request = parse_request(payload)  # raises before anything is appended
        check_size(request, len(payload))
        rejected = Counter[str]()
        before = self.spans
        for resource_spans in request.resource_spans:
            resource = self._add_resource(resource_spans)
            for scope_spans in resource_spans.scope_spans:
                scope = self._add_scope(scope_spans)
                for span in scope_spans.spans:
                    reason = _flaw(span)
                    if reason is None:
                        self._add_span(span, resource, scope)
                    else:
                        rejected[reason] += 1
        self.nbytes += len(payload)
        reasons = "; ".join(f"{count} × {reason}" for reason, count in rejected.most_common())
        return Appended(self.spans - before, rejected.total(), reasons)

    def append_all(self, payloads: Sequence[bytes], full: int) -> list[Outcome]:
        return append_singly(self, payloads, full)

    def seal(self) -> SpanBatch:
        batch = self._columns.batch()
        self._clear()
        return batch

    def _clear(self) -> None:
        self._derived.begin()
        self._columns = self._derived.columns
        self.spans = self.nbytes = 0

    def _add_resource(self, spans: ResourceSpans) -> int:
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
        if self._derived.is_new("resources", identity):
            self._columns["resources"].append(
                identity,
                *self._derived.name_resource(attributes),
                text,
                dropped,
                entities if resource.entity_refs else None,
                spans.schema_url,
            )
        return identity

    def _add_scope(self, spans: ScopeSpans) -> int:
        scope = spans.scope
        text, dropped = json_text(to_object(scope.attributes)), scope.dropped_attributes_count
        texts = [scope.name, scope.version, text, spans.schema_url]
        identity = content_id(canonical([dropped], texts))
        if self._derived.is_new("scopes", identity):
            self._columns["scopes"].append(
                identity, scope.name, scope.version, text, dropped, spans.schema_url
            )
        return identity

    def _add_span(self, span: Span, resource: int, scope: int) -> None:
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
        trace = _trace_halves(span.trace_id)
        part = (*trace, int.from_bytes(span.span_id, "big"), content_hash(b"".join(pieces)))
        kind, flags, start, end, status, *dropped_counts = numbers
        correlation = self._derived.add_span(
            part,
            resource=resource,
            kind=kind,
            name=span.name,
            parent=parent,
            start=start,
            end=end,
            attributes=attributes,
        )
        self._columns["spans"].append(
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
            correlation,
        )
        for position, (hi, lo, linked, state, flags, told, dropped) in enumerate(links):
            self._columns["links"].append(
                *part, position, hi, lo, linked, state, flags, json_text(told), dropped
            )
            self._derived.add_part(part, "link", position, told)
        for position, (time, name, told, dropped) in enumerate(events):
            self._columns["events"].append(*part, position, time, name, json_text(told), dropped)
            self._derived.add_part(part, "event", position, told)
        self.spans += 1


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
