"""OTLP protobuf -> columns, in plain Python on the generated classes.

The reference for every other decoder, and what runs where no native one is installed.
It walks the messages and appends to columns; no object stands for a span.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.any_value import Json, json_text, plain_text, to_object
from collector.columns import BatchColumns
from collector.decoded import Appended, UndecodableRequest
from collector.identity import canonical, content_hash
from collector.join_keys import Key, join_key, message_keys, work_keys
from collector.request_size import check_size
from collector.typed_columns import CorrelationKeys, Typed, TypedColumns
from collector.utf8 import MalformedWire, repair_request
from storage.join_keys import content_id
from storage.schema import (
    MESSAGE_COLUMNS,
    RESOURCES,
    SHAPE_COLUMNS,
    SpanBatch,
    load_attributes,
)

_LATEST = 2**63 - 1  # 11 April 2262: times are signed 64-bit nanoseconds
_PRODUCER, _CONSUMER = 4, 5
_MESSAGE_VALUES = (*MESSAGE_COLUMNS, "alternatives")


class PythonDecoder:
    """Makes builders; one instance serves any number of threads."""

    name = "python"

    def __init__(
        self,
        attributes: Mapping[str, Any] | None = None,
        correlation_keys: Sequence[str] = (),
    ) -> None:
        """`attributes` is storage/attributes.toml; `correlation_keys` adds to its keys."""
        self._told = load_attributes() if attributes is None else attributes
        self._correlation_keys = tuple(correlation_keys)

    def builder(self) -> "PythonBuilder":
        return PythonBuilder(self._told, self._correlation_keys)


class PythonBuilder:
    """A BatchBuilder."""

    def __init__(self, told: Mapping[str, Any], correlation_keys: Sequence[str]) -> None:
        self._typed = TypedColumns(told)
        self._correlation = CorrelationKeys(told, correlation_keys)
        self._resource_names: dict[str, list[str]] = told["resource"]
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

    def seal(self) -> SpanBatch:
        batch = self._columns.batch()
        self._clear()
        return batch

    def _clear(self) -> None:
        self._columns = BatchColumns()
        self._met: dict[str, set[Any]] = {}
        self.spans = self.nbytes = 0

    def _is_new(self, table: str, identity: Any) -> bool:
        """True the first time since the last seal."""
        met = self._met.setdefault(table, set())
        if identity in met:
            return False
        met.add(identity)
        return True

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
        if self._is_new("resources", identity):
            known = {
                column: next(
                    (found for name in names if (found := plain_text(attributes.get(name)))), None
                )
                for column, names in self._resource_names.items()
            }
            self._columns["resources"].append(
                identity,
                *(known[column] for column in RESOURCES.names[1:6]),
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
        if self._is_new("scopes", identity):
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
            self._add_correlation(trace, self._correlation.values(attributes)),
        )
        self._add_keys(trace, work_keys(resource, kind, span.name, parent, start, end))
        boundary = kind in (_PRODUCER, _CONSUMER)
        self._add_typed(part, "span", 0, self._typed.row(attributes, always=boundary))
        for position, (hi, lo, linked, state, flags, told, dropped) in enumerate(links):
            self._columns["links"].append(
                *part, position, hi, lo, linked, state, flags, json_text(told), dropped
            )
            self._add_typed(part, "link", position, self._typed.row(told, part=True))
        for position, (time, name, told, dropped) in enumerate(events):
            self._columns["events"].append(*part, position, time, name, json_text(told), dropped)
            self._add_typed(part, "event", position, self._typed.row(told, part=True))
        self.spans += 1

    def _add_correlation(self, trace: tuple[int, int], values: Mapping[str, str]) -> int | None:
        """`values` in the order of their keys. The id of the set, None of an empty one."""
        if not values:
            return None
        identity = content_id(canonical([], [text for pair in values.items() for text in pair]))
        if self._is_new("correlation", identity):
            for key, value in values.items():
                self._columns["correlation"].append(identity, key, value)
        self._add_keys(trace, (join_key("correlation", *pair) for pair in values.items()))
        return identity

    def _add_keys(self, trace: tuple[int, int], keys: Iterable[Key]) -> None:
        for key in keys:
            if self._is_new("keys", (*trace, *key)):
                self._columns["keys"].append(*trace, *key)

    def _add_typed(
        self, part: tuple[int, ...], kind: str, position: int, row: dict[str, Typed] | None
    ) -> None:
        if row is None:
            return
        texts = [_as_text(row.get(column)) for column in SHAPE_COLUMNS]
        shape = content_id(canonical([], texts))
        if self._is_new("shapes", shape):
            self._columns["shapes"].append(shape, *(row.get(c) for c in SHAPE_COLUMNS))
        self._columns["messaging"].append(
            *part, kind, position, shape, *(row.get(c) for c in _MESSAGE_VALUES)
        )
        self._add_keys(part[:2], message_keys(row))  # type: ignore[arg-type]  # two halves


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


def _as_text(value: Json) -> str | None:
    """A typed value in the canonical form of its shape."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


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
