"""Every field of an OTLP trace has a place in the schemas.

Walks the protobuf descriptors, so that a field added by a newer opentelemetry-proto
fails here until someone decides where it lives.
"""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
    TracesData,
)

from storage import schema

# Where each field lives: columns of a table, or the message that is walked for it.
_TABLES: dict[str, pa.Schema] = {
    "resources": schema.RESOURCES,
    "scopes": schema.SCOPES,
    "spans": schema.SPANS,
    "links": schema.LINKS,
    "events": schema.EVENTS,
}
_TRACE_COLUMNS = ("trace_hi", "trace_lo")
_LINKED_COLUMNS = ("linked_trace_hi", "linked_trace_lo")

_PLACES: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("ResourceSpans", "schema_url"): ("resources", ("schema_url",)),
    ("Resource", "attributes"): ("resources", ("attributes",)),
    ("Resource", "dropped_attributes_count"): ("resources", ("dropped_attributes_count",)),
    ("Resource", "entity_refs"): ("resources", ("entity_refs",)),
    ("ScopeSpans", "schema_url"): ("scopes", ("schema_url",)),
    ("InstrumentationScope", "name"): ("scopes", ("name",)),
    ("InstrumentationScope", "version"): ("scopes", ("version",)),
    ("InstrumentationScope", "attributes"): ("scopes", ("attributes",)),
    ("InstrumentationScope", "dropped_attributes_count"): (
        "scopes",
        ("dropped_attributes_count",),
    ),
    ("Span", "trace_id"): ("spans", _TRACE_COLUMNS),
    ("Span", "span_id"): ("spans", ("span_id",)),
    ("Span", "trace_state"): ("spans", ("trace_state",)),
    ("Span", "parent_span_id"): ("spans", ("parent_span_id",)),
    ("Span", "flags"): ("spans", ("flags",)),
    ("Span", "name"): ("spans", ("name",)),
    ("Span", "kind"): ("spans", ("kind",)),
    ("Span", "start_time_unix_nano"): ("spans", ("start_time_unix_nano",)),
    ("Span", "end_time_unix_nano"): ("spans", ("end_time_unix_nano",)),
    ("Span", "attributes"): ("spans", ("attributes",)),
    ("Span", "dropped_attributes_count"): ("spans", ("dropped_attributes_count",)),
    ("Span", "dropped_events_count"): ("spans", ("dropped_events_count",)),
    ("Span", "dropped_links_count"): ("spans", ("dropped_links_count",)),
    ("Status", "message"): ("spans", ("status_message",)),
    ("Status", "code"): ("spans", ("status_code",)),
    ("Event", "time_unix_nano"): ("events", ("time_unix_nano",)),
    ("Event", "name"): ("events", ("name",)),
    ("Event", "attributes"): ("events", ("attributes",)),
    ("Event", "dropped_attributes_count"): ("events", ("dropped_attributes_count",)),
    ("Link", "trace_id"): ("links", _LINKED_COLUMNS),
    ("Link", "span_id"): ("links", ("linked_span_id",)),
    ("Link", "trace_state"): ("links", ("trace_state",)),
    ("Link", "attributes"): ("links", ("attributes",)),
    ("Link", "dropped_attributes_count"): ("links", ("dropped_attributes_count",)),
    ("Link", "flags"): ("links", ("flags",)),
}

# Fields that only nest: what they hold is walked.
_NESTS = {
    ("TracesData", "resource_spans"),
    ("ResourceSpans", "resource"),
    ("ResourceSpans", "scope_spans"),
    ("ScopeSpans", "scope"),
    ("ScopeSpans", "spans"),
    ("Span", "events"),
    ("Span", "links"),
    ("Span", "status"),
}

# Messages whose every field is inside a JSON text column, and the fields of those.
_TEXT_FIELDS = {
    "KeyValue": {"key", "value"},
    "AnyValue": {
        "string_value",
        "bool_value",
        "int_value",
        "double_value",
        "array_value",
        "kvlist_value",
        "bytes_value",
    },
    "ArrayValue": {"values"},
    "KeyValueList": {"values"},
    "EntityRef": {"schema_url", "type", "id_keys", "description_keys"},
}

# Not kept, with the reason.
_EXCEPTIONS = {
    ("KeyValue", "key_strindex"): "index into a profile's string table, which a trace has not",
    ("AnyValue", "string_value_strindex"): "as key_strindex: only profiles carry them",
}


def _walk(message: Descriptor, seen: set[str]) -> Iterator[FieldDescriptor]:
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    for field in message.fields:
        yield field
        if field.message_type is not None:
            yield from _walk(field.message_type, seen)


FIELDS = list(_walk(TracesData.DESCRIPTOR, set()))


def _name(field: FieldDescriptor) -> tuple[str, str]:
    assert field.containing_type is not None
    return field.containing_type.name, field.name


def test_the_walk_reaches_every_message_of_a_trace() -> None:
    reached = {_name(field)[0] for field in FIELDS}
    messages = (ResourceSpans, ScopeSpans, Span, Span.Event, Span.Link, Status, Resource)
    expected = {each.DESCRIPTOR.name for each in messages}
    expected |= {each.DESCRIPTOR.name for each in (InstrumentationScope, KeyValue, AnyValue)}
    assert reached == expected | {"TracesData", "ArrayValue", "KeyValueList", "EntityRef"}
    assert EntityRef.DESCRIPTOR.name in reached


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: ".".join(_name(field)))
def test_every_field_has_somewhere_to_live(field: FieldDescriptor) -> None:
    name = _name(field)
    if name in _NESTS:
        assert field.message_type is not None
    elif name[0] in _TEXT_FIELDS:
        assert name[1] in _TEXT_FIELDS[name[0]] or name in _EXCEPTIONS
    else:
        table, columns = _PLACES[name]
        for column in columns:
            assert _holds(_TABLES[table].field(column).type, field), f"{table}.{column}"


def _holds(column: pa.DataType, field: FieldDescriptor) -> bool:
    """Whether the column's type takes every value of the field.

    Times are fixed64 on the wire and signed here: a decoder caps what lies beyond the
    year 2262.
    """
    integers: dict[int, set[pa.DataType]] = {
        FieldDescriptor.TYPE_UINT32: {schema.U32},
        FieldDescriptor.TYPE_FIXED32: {schema.U32},
        FieldDescriptor.TYPE_ENUM: {schema.I32},
        FieldDescriptor.TYPE_FIXED64: {schema.I64},
        FieldDescriptor.TYPE_BYTES: {schema.U64},
    }
    return column in integers.get(field.type, {schema.TEXT})


def test_nothing_is_listed_that_a_trace_does_not_have() -> None:
    names = {_name(field) for field in FIELDS}
    assert set(_PLACES) | _NESTS | set(_EXCEPTIONS) <= names
    for message, fields in _TEXT_FIELDS.items():
        assert {(message, field) for field in fields} <= names


def test_every_column_is_a_field_a_key_or_explained() -> None:
    """The other way round: nothing in the tables that nobody sends."""
    keys = {"trace_hi", "trace_lo", "span_id", "content_hash", "position"}
    keys |= {"resource_id", "scope_id", "correlation_id"}
    # Copies of resource attributes, for filters and lists.
    promoted = set(schema.load_attributes()["resource"])
    for table, columns in _TABLES.items():
        used = {c for place, names in _PLACES.values() if place == table for c in names}
        assert set(columns.names) - used - keys <= (promoted if table == "resources" else set())
