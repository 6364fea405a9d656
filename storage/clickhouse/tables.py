"""Tables of the ClickHouse engine. Their columns follow the Arrow schemas.

Rows are only ever added. Which of them count is told by two numbers on them, of the append
that stored their span (`generation`) and of the answer that they belong to (`answered`), and
by the journal, which says what became of those numbers (`journal`, `snapshot`).
"""

from dataclasses import dataclass

import pyarrow as pa

from storage import results, schema
from storage.clickhouse.nesting import span_columns

GENERATION = pa.field("generation", schema.U64, nullable=False)
ANSWERED = pa.field("answered", schema.U64, nullable=False)
STORED_AT = pa.field("stored_at_unix_nano", schema.I64, nullable=False)
_START = pa.field("start_time_unix_nano", schema.I64, nullable=False)
# A trace has few rows.
GRANULE = 512


@dataclass(frozen=True, slots=True)
class Table:
    columns: pa.Schema
    order: tuple[str, ...]
    shard: tuple[str, ...] = ()
    """What decides the shard of a row in a cluster; without it every server has all rows."""
    generations: bool = False
    """Its rows are deleted by generation: parts are kept apart by the day they are stored."""
    ranges: tuple[str, ...] = ()
    """Columns of which the smallest and the largest value are kept for blocks of rows."""
    other_order: tuple[str, ...] = ()
    """A second order, for look-ups from the other end."""
    other_columns: tuple[str, ...] = ()
    """What those look-ups ask for, kept in that order too."""
    granule: int = GRANULE
    """Rows that a look-up reads at least."""


_TRACE = ("trace_hi", "trace_lo")
_SPAN = (*_TRACE, "span_id")
LINKED = pa.schema(
    [*(field.with_name(f"linked_{field.name}") for field in schema.TRACE_IDS), *schema.TRACE_IDS]
)


def _stamped(columns: pa.Schema, *more: "pa.Field[pa.DataType]") -> pa.Schema:
    return pa.schema([*columns, *more, GENERATION])


def _dictionary(columns: pa.Schema, key: str) -> Table:
    return Table(_stamped(columns), (key,))


def _answer(columns: pa.Schema, owner: str = "", other: tuple[str, ...] = ()) -> Table:
    order = tuple(f"{owner}{name}" for name in _SPAN)
    return Table(
        _stamped(columns, ANSWERED),
        order,
        shard=order[:2],
        ranges=("answered", f"{owner}start_time_unix_nano"),
        other_order=other,
        other_columns=(*order[:2], "answered", "generation") if other else (),
    )


TABLES: dict[str, Table] = {
    "resources": _dictionary(schema.RESOURCES, "resource_id"),
    "scopes": _dictionary(schema.SCOPES, "scope_id"),
    "shapes": _dictionary(schema.SHAPES, "shape_id"),
    "spans": Table(
        _stamped(span_columns(), STORED_AT),
        # By time inside of a trace: neighbours are alike, which takes less room.
        (*_TRACE, "start_time_unix_nano", "span_id", "content_hash"),
        _TRACE,
        True,
        ("generation", "start_time_unix_nano"),
        granule=2 * GRANULE,  # its many columns are merged in these
    ),
    # Which traces link to another one. The links themselves lie with their spans.
    "linked": Table(
        _stamped(LINKED, STORED_AT),
        tuple(LINKED.names),
        ("linked_trace_hi", "linked_trace_lo"),
        True,
        ("generation",),
    ),
    # With the latest start of the spans that had the set, to tell recent values.
    "correlation": Table(
        _stamped(schema.CORRELATION, _START, STORED_AT),
        ("key", "value", "correlation_id"),
        generations=True,
        ranges=("generation",),
    ),
    "keys": Table(
        _stamped(schema.KEYS, STORED_AT),
        ("key_hash", *_TRACE),
        ("key_hash",),
        True,
        ("generation",),
        other_order=_TRACE,
        other_columns=("kind", "key_hash", "generation"),
    ),
    "endpoints": _answer(schema.ENDPOINTS),
    "connections": _answer(
        schema.CONNECTIONS, "consumer_", ("producer_trace_hi", "producer_trace_lo")
    ),
    "orphans": _answer(pa.schema([*schema.ORPHANS, STORED_AT])),
    # Rows of answers that a later answer took the place of.
    "superseded": Table(
        pa.schema(
            [
                pa.field("kind", schema.TEXT, nullable=False),
                *schema.TRACE_IDS,
                ANSWERED,
                pa.field("by_answer", schema.U64, nullable=False),
            ]
        ),
        ("kind", *_TRACE),
    ),
    # What outlives deleted spans, and the newest generation when they were deleted.
    "past_facts": Table(_stamped(results.PAST_FACTS, ANSWERED), ("generation",)),
    "losses": Table(_stamped(schema.TRACE_IDS, ANSWERED), _TRACE),
}
# Texts of few values: stored once a part, and grouped by their numbers.
REPEATED = {
    *("role", "name", "part", "key", "kind", "relation", "rule", "origin", "operation"),
    *("service_name", "service_namespace", "environment", "service_version", "sdk_language"),
    *("span_name", "scope_name", "scope_version", "sampling_threshold"),
    *("system", "destination", "scope", "consumer_group"),
    *(
        f"{end}_{name}"
        for end in ("producer", "consumer")
        for name in ("service_name", "service_namespace", "environment", "span_name")
    ),
    *("cause_code", "cause_title", "cause_fix"),
}
# What an append stores, deleted by days with its spans.
PARTS = ("linked", "keys", "correlation", "spans")
# What the analyzer said, and the columns of the trace that owns a row.
ANSWERS = {
    "endpoints": ("trace_hi", "trace_lo"),
    "connections": ("consumer_trace_hi", "consumer_trace_lo"),
    "orphans": ("trace_hi", "trace_lo"),
}
# Which answers are replaced together.
KINDS = {"endpoints": "connections", "connections": "connections", "orphans": "orphans"}
DICTIONARY_KEYS = {"resources": "resource_id", "scopes": "scope_id", "shapes": "shape_id"}
