"""Schemas of what reads give that is not a stored table (storage/contract.py).

Both engines cast their answers to these, so that they agree to the column.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from storage.schema import FLAG, I64, ORPHANS, TEXT, TRACE_IDS, U64

Row = Mapping[str, Any]
"""A row of one of these tables or of a stored one, as `to_pylist` gives it."""


def _nullable(*names: str) -> "list[pa.Field[pa.DataType]]":
    return [pa.field(name, TEXT) for name in names]


def _required(type_: pa.DataType, *names: str) -> "list[pa.Field[pa.DataType]]":
    return [pa.field(name, type_, nullable=False) for name in names]


TRACE_CORRELATION = pa.schema([*TRACE_IDS, *_required(TEXT, "key", "value")])
ORPHAN_ROWS = pa.schema([*ORPHANS, *_required(I64, "stored_at_unix_nano")])

TRACE_SUMMARIES = pa.schema(
    [
        *TRACE_IDS,
        *_required(TEXT, "root_name"),
        *_nullable("root_service_name"),
        pa.field("service_names", pa.list_(TEXT), nullable=False),
        *_required(I64, "span_count", "error_count", "start_time_unix_nano", "end_time_unix_nano"),
    ]
)

ENDPOINT_FACTS = pa.schema(
    [
        *_nullable("environment", "service_namespace"),
        *_required(TEXT, "role"),
        *_nullable("system", "destination", "scope", "service_name"),
        *_required(TEXT, "span_name"),
        *_nullable("consumer_group", "scope_name"),
        *_required(FLAG, "has_children"),
        *_nullable("relation", "producer_service_name"),
        *_nullable("service_version", "scope_version", "sdk_language"),
        *_required(FLAG, "is_root", "epoch_trace"),
        *_nullable("sampling_threshold", "origin", "operation"),
        pa.field("kafka_partition", I64),
        *_required(I64, "count", "first_start_unix_nano", "last_start_unix_nano"),
        *(pa.field(f"{which}_kafka_offset", I64) for which in ("first", "last")),
    ]
)
ENDPOINT_KEY = ENDPOINT_FACTS.names[: ENDPOINT_FACTS.get_field_index("count")]

# Facts of endpoints that are deleted.
PAST_FACTS = pa.schema([ENDPOINT_FACTS.field(name) for name in ENDPOINT_KEY])

GENERATIONS = pa.schema(
    [*_required(U64, "generation"), *_required(I64, "stored_at_unix_nano", "spans")]
)

KEY_HASHES = pa.schema(_required(U64, "key_hash"))
# Of each span, beside its columns.
STORED = pa.schema([*_required(U64, "generation"), *_required(I64, "stored_at_unix_nano")])
KEY_GENERATIONS = pa.schema(_required(U64, "generation"))
# Of each trace: when it lost something last.
LOSSES = pa.schema([*TRACE_IDS, *_required(U64, "generation")])

ORPHAN_GROUPS = pa.schema(
    [
        *_required(TEXT, "cause_code"),
        *_nullable("environment", "service_namespace", "producer_service_name", "system"),
        *_nullable("destination", "scope", "service_name", "consumer_group"),
        *_required(FLAG, "expected", "is_send"),
        *_required(I64, "count", "settled_count", "first_seen_unix_nano", "last_seen_unix_nano"),
        *_required(U64, "trace_hi", "trace_lo", "span_id"),
        *_nullable("first_service_version", "first_scope_version"),
        *_required(I64, "connected_before", "connected_between", "connected_after"),
        *_required(I64, "near_broken", "near_connected"),
        pa.field("healed_since_unix_nano", I64),
        *_nullable("good_service_version", "good_scope_version"),
        *_required(I64, "same_service_version", "same_scope_version"),
        *_required(pa.list_(I64), "trend_broken", "trend_connected"),
    ]
)
ORPHAN_GROUP_KEY = ORPHAN_GROUPS.names[: ORPHAN_GROUPS.get_field_index("count")]
# What a group has in common with the deliveries beside it.
GROUP_EDGE = (
    *("environment", "service_namespace", "system", "destination", "scope"),
    *("service_name", "consumer_group"),
)

EDGES = pa.schema(
    [
        *_nullable("environment", "service_namespace", "producer_service_name", "system"),
        *_nullable("destination", "scope", "consumer_service_name", "consumer_group"),
        *_required(I64, "count", "parent", "link", "stitch", "redeliveries", "dead_letters"),
        *(pa.field(f"wait_p{q}_nano", I64) for q in (50, 95, 99)),
        *_required(I64, "first_seen_unix_nano", "last_seen_unix_nano"),
    ]
)
EDGE_KEY = EDGES.names[: EDGES.get_field_index("count")]


def fit(table: pa.Table, columns: pa.Schema) -> pa.Table:
    """The table in exactly these columns; extra ones are dropped."""
    chosen = table.select(columns.names)
    if chosen.schema.types == columns.types:  # a cast of each column costs three times as much
        return pa.Table.from_arrays(chosen.columns, schema=columns)
    return chosen.cast(columns)


SPAN_ORDER = ("trace_hi", "trace_lo", "start_time_unix_nano", "span_id", "content_hash")
"""In which spans are given that are read by their traces."""


def in_span_order(spans: pa.Table) -> pa.Table:
    return spans.sort_by([(name, "ascending") for name in SPAN_ORDER])
