"""The Arrow schemas: the one declaration of what is kept.

Every engine checks its tables against these. Ids are unsigned 64-bit integers
(a trace id is a high and a low half, big-endian as on the wire), times are
signed 64-bit nanoseconds since the Unix epoch, attributes are JSON text.

Shapes follow the OTLP trace protobuf (opentelemetry/proto/trace/v1/trace.proto);
`tests/contract/test_otlp_coverage.py` walks its descriptors and fails when a
field has nowhere to live.
"""

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

import pyarrow as pa

U64, I64, U32, I32, U8 = pa.uint64(), pa.int64(), pa.uint32(), pa.int32(), pa.uint8()
TEXT, FLAG, REAL = pa.string(), pa.bool_(), pa.float64()


def _schema(*columns: tuple[str, pa.DataType] | tuple[str, pa.DataType, str]) -> pa.Schema:
    """Columns as (name, type), with "null" as third where the value may be absent."""
    return pa.schema([pa.field(c[0], c[1], nullable=len(c) > 2) for c in columns])


@cache
def load_attributes() -> dict[str, Any]:
    """`storage/attributes.toml`, parsed once: all share it, and nobody changes it."""
    return tomllib.loads((resources.files("storage") / "attributes.toml").read_text("utf-8"))


_TYPES: dict[str, pa.DataType] = {"string": TEXT, "captured": TEXT, "int": I64, "bool": FLAG}
_COLUMNS = load_attributes()["columns"]
TYPED_COLUMNS: dict[str, pa.DataType] = {
    name: _TYPES[column["type"]] for name, column in _COLUMNS.items()
}
# Those that differ from message to message; the others make up a message's shape.
MESSAGE_COLUMNS = tuple(name for name, column in _COLUMNS.items() if column.get("each", False))
SHAPE_COLUMNS = tuple(name for name in TYPED_COLUMNS if name not in MESSAGE_COLUMNS)

_TRACE = (("trace_hi", U64), ("trace_lo", U64))
_SPAN = (*_TRACE, ("span_id", U64))
# A row that belongs to one span. The content hash tells apart spans that were
# sent with the same ids and other content: 32 bits do among the few contents of one id.
_PART = (*_SPAN, ("content_hash", U32))

TRACE_IDS = _schema(*_TRACE)
SPAN_IDS = _schema(*_SPAN)

RESOURCES = _schema(
    ("resource_id", U64),
    ("service_name", TEXT, "null"),
    ("service_namespace", TEXT, "null"),
    ("service_version", TEXT, "null"),
    ("environment", TEXT, "null"),
    ("sdk_language", TEXT, "null"),
    ("attributes", TEXT),
    ("dropped_attributes_count", U32),
    ("entity_refs", TEXT, "null"),
    ("schema_url", TEXT),
)

SCOPES = _schema(
    ("scope_id", U64),
    ("name", TEXT),
    ("version", TEXT),
    ("attributes", TEXT),
    ("dropped_attributes_count", U32),
    ("schema_url", TEXT),
)

SPANS = _schema(
    *_PART,
    ("parent_span_id", U64, "null"),
    ("resource_id", U64),
    ("scope_id", U64),
    ("name", TEXT),
    ("kind", I32),
    ("flags", U32),
    ("trace_state", TEXT, "null"),
    ("start_time_unix_nano", I64),
    ("end_time_unix_nano", I64),
    ("status_code", I32),
    ("status_message", TEXT, "null"),
    ("attributes", TEXT),
    ("dropped_attributes_count", U32),
    ("dropped_events_count", U32),
    ("dropped_links_count", U32),
    ("correlation_id", U64, "null"),
)

LINKS = _schema(
    *_PART,
    ("position", U32),
    ("linked_trace_hi", U64),
    ("linked_trace_lo", U64),
    ("linked_span_id", U64),
    ("trace_state", TEXT, "null"),
    ("flags", U32),
    ("attributes", TEXT),
    ("dropped_attributes_count", U32),
)

EVENTS = _schema(
    *_PART,
    ("position", U32),
    ("time_unix_nano", I64),
    ("name", TEXT),
    ("attributes", TEXT),
    ("dropped_attributes_count", U32),
)

# What the analyzer joins on. A row for the attributes of a span (part "span",
# position 0) that has one of the marking columns or kind PRODUCER or CONSUMER,
# and one for each of any span's links and events (part "link", "event",
# position as in their tables) that has a marking one of MESSAGE_COLUMNS.
MESSAGING = pa.schema(
    [
        *_schema(*_PART, ("part", TEXT), ("position", U32), ("shape_id", U64)),
        *(pa.field(name, TYPED_COLUMNS[name]) for name in MESSAGE_COLUMNS),
        pa.field("alternatives", TEXT),
    ]
)

# The typed columns that many messages agree in: a service's sends to one queue are one
# shape. What they mean is worked out once a shape, not once a span.
SHAPES = pa.schema(
    [
        *_schema(("shape_id", U64)),
        *(pa.field(name, TYPED_COLUMNS[name]) for name in SHAPE_COLUMNS),
    ]
)

# The correlation keys and values that a span carries, as a set: the spans of one trace
# mostly share it. One row a key; `correlation_id` stands on the spans.
CORRELATION = _schema(("correlation_id", U64), ("key", TEXT), ("value", TEXT))

# What may join traces, hashed (storage/join_keys.py): one row for each trace and key.
KEYS = _schema(*_TRACE, ("kind", U8), ("key_hash", U64))


# When spans of processes began.
SENDS = _schema(("resource_id", U64), ("start_time_unix_nano", I64))


@dataclass(frozen=True, slots=True)
class SpanBatch:
    """Spans as columns, and everything that came with them.

    Each table has the schema of the same name in capitals. Rows of `links`,
    `events` and `messaging` belong to the span with the same (trace_hi, trace_lo,
    span_id, content_hash). A batch may name a resource, scope, shape or correlation
    set more than once; equal ids mean equal rows. Whatever rows name by id stands in it.
    Times are not negative.
    """

    resources: pa.Table
    scopes: pa.Table
    spans: pa.Table
    links: pa.Table
    events: pa.Table
    messaging: pa.Table
    shapes: pa.Table
    correlation: pa.Table
    keys: pa.Table

    @property
    def nbytes(self) -> int:
        return sum(getattr(self, f.name).nbytes for f in fields(self))


# Spans in an append that costs least: the rows of a row group of DuckDB. A transaction of
# whole ones is compressed straight into the file; any other goes through the write-ahead
# log and is compressed again at a checkpoint.
ROW_GROUP = 122_880

BATCH_SCHEMAS: dict[str, pa.Schema] = {
    "resources": RESOURCES,
    "scopes": SCOPES,
    "spans": SPANS,
    "links": LINKS,
    "events": EVENTS,
    "messaging": MESSAGING,
    "shapes": SHAPES,
    "correlation": CORRELATION,
    "keys": KEYS,
}


# ------------------------------------------------------------------- the answers
# What the analyzer writes. Everything is owned by a trace: `endpoints` and
# `orphans` by the trace of their span, `connections` by the consumer's trace.

_IDENTITY = (
    ("service_name", TEXT, "null"),
    ("service_namespace", TEXT, "null"),
    ("environment", TEXT, "null"),
)
_HANDOVER = (
    ("system", TEXT, "null"),
    ("destination", TEXT, "null"),
    ("scope", TEXT, "null"),
    ("consumer_group", TEXT, "null"),
)

# The two ends of hand-overs: the span whose context a message carries or should
# carry (role "send"), and the span that a delivery ends at (role "process").
ENDPOINTS = _schema(
    *_SPAN,
    ("role", TEXT),
    *_IDENTITY,
    ("service_version", TEXT, "null"),
    ("span_name", TEXT),
    ("scope_name", TEXT, "null"),
    *_HANDOVER,
    ("start_time_unix_nano", I64),
    ("end_time_unix_nano", I64),
    ("error", FLAG),
    ("dead_letter", FLAG),
    ("has_children", FLAG),  # spans of the same service below it
    # strongest relation of a delivery: parent, link, stitch; null without any
    ("relation", TEXT, "null"),
    # of the producer in that relation
    ("producer_service_name", TEXT, "null"),
    ("scope_version", TEXT, "null"),
    ("sdk_language", TEXT, "null"),
    ("is_root", FLAG),  # no parent at all
    # how a send began (analyzer.lost_sends.find_origins); null of a delivery
    ("origin", TEXT, "null"),
    # the request or message that it is part of, or that ran beside it, without ids
    ("operation", TEXT, "null"),
    # the trace id begins with the time of its making, as X-Ray's do
    ("epoch_trace", FLAG),
    # `th` of the tracestate's `ot` entry: what the trace was sampled by
    ("sampling_threshold", TEXT, "null"),
    # the broker's place of a record
    ("kafka_partition", I64, "null"),
    ("kafka_offset", I64, "null"),
)

CONNECTIONS = _schema(
    ("producer_trace_hi", U64),
    ("producer_trace_lo", U64),
    ("producer_span_id", U64),
    ("producer_service_name", TEXT, "null"),
    ("producer_service_namespace", TEXT, "null"),
    ("producer_environment", TEXT, "null"),
    ("producer_span_name", TEXT),
    ("consumer_trace_hi", U64),
    ("consumer_trace_lo", U64),
    ("consumer_span_id", U64),
    ("consumer_service_name", TEXT, "null"),
    ("consumer_service_namespace", TEXT, "null"),
    ("consumer_environment", TEXT, "null"),
    ("consumer_span_name", TEXT),
    ("relation", TEXT),  # parent | link | stitch
    ("rule", TEXT),
    ("confidence", REAL),
    # JSON [{"field", "producer", "consumer"}]; empty where a parent or link states it
    ("evidence", TEXT),
    *_HANDOVER,
    # consumer start − producer end; negative when the clocks or the spans overlap
    ("wait_nano", I64, "null"),
    ("attempt", I32, "null"),
    ("dead_letter", FLAG),
    ("consumer_start_time_unix_nano", I64),
    ("notes", TEXT),  # JSON [{"code", "title", "fix"}]
)

ORPHANS = _schema(
    *_SPAN,
    *_IDENTITY,
    ("service_version", TEXT, "null"),
    ("span_name", TEXT),
    ("start_time_unix_nano", I64),
    *_HANDOVER,
    # What judging needs beside the identity, JSON; the analyzer's own business.
    ("facts", TEXT),
    ("expected", FLAG),
    ("cause_code", TEXT),
    ("cause_title", TEXT),
    ("cause_confidence", REAL),
    ("cause_fix", TEXT),
    ("other_causes", TEXT),  # JSON [{"code", "confidence"}]
    ("evidence", TEXT),  # JSON [{"field", "value", "meaning"}]
    # a stitched producer (confidence 0.8 and above), else null
    ("producer_trace_hi", U64, "null"),
    ("producer_trace_lo", U64, "null"),
    ("producer_span_id", U64, "null"),
    # of the stitched producer, else of the only service that sends there
    ("producer_service_name", TEXT, "null"),
    # No orphan root by what is known beside it now: kept to be judged again, never shown.
    ("hidden", FLAG),
    ("scope_version", TEXT, "null"),  # of the delivery
    # A send that lost the work it belongs to: its message is handed over like any other.
    ("is_send", FLAG),
)
