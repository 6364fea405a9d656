"""Rows of every table with all defaults, as a decoder or the analyzer would make them."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from collector.join_keys import join_key, message_keys
from storage import schema
from storage.join_keys import content_id
from storage.schema import SpanBatch

Row = dict[str, Any]

_DEFAULTS: dict[pa.DataType, Any] = {
    schema.U64: 0,
    schema.I64: 0,
    schema.U32: 0,
    schema.U8: 0,
    schema.I32: 0,
    schema.TEXT: "",
    schema.FLAG: False,
    schema.REAL: 0.0,
}
_JSON_OBJECTS = {"attributes", "alternatives", "facts"}
_JSON_ARRAYS = {"evidence", "notes", "other_causes"}


def _text_default(name: str) -> str:
    if name in _JSON_OBJECTS:
        return "{}"
    return "[]" if name in _JSON_ARRAYS else ""


def make_row(columns: pa.Schema, **values: Any) -> Row:
    """A row with the given values; null where that is allowed, else zero or empty."""
    unknown = values.keys() - set(columns.names)
    assert not unknown, f"no such column: {unknown}"
    row: Row = {}
    for field in columns:
        required = not field.nullable or field.name == "alternatives"
        default = _text_default(field.name) if field.type == schema.TEXT else _DEFAULTS[field.type]
        row[field.name] = values.get(field.name, default if required else None)
    return row


def make_table(columns: pa.Schema, rows: Iterable[Mapping[str, Any]] = ()) -> pa.Table:
    return pa.Table.from_pylist([make_row(columns, **row) for row in rows], schema=columns)


def span(trace: int, span_id: int, content: int = 0, **values: Any) -> Row:
    """A span of trace (1, `trace`), service 7, that lasts 10 ns from its id on."""
    return {
        "trace_hi": 1,
        "trace_lo": trace,
        "span_id": span_id,
        "content_hash": content,
        "resource_id": 7,
        "scope_id": 9,
        "name": f"span {span_id}",
        "start_time_unix_nano": span_id,
        "end_time_unix_nano": span_id + 10,
        **values,
    }


def part(of: Row, **values: Any) -> Row:
    """A row that belongs to a span."""
    key = ("trace_hi", "trace_lo", "span_id", "content_hash")
    return {name: of[name] for name in key} | values


def link(of: Row, trace: int, span_id: int = 1, **values: Any) -> Row:
    linked = {"linked_trace_hi": 1, "linked_trace_lo": trace, "linked_span_id": span_id}
    return part(of, **linked, **values)


def message(of: Row, **values: Any) -> Row:
    return part(of, **({"part": "span"} | values))


def correlated(of: Row, value: str, key: str = "order.id") -> Row:
    return part(of, key=key, value=value)


def resource(resource_id: int = 7, service_name: str | None = "shop", **values: Any) -> Row:
    return {"resource_id": resource_id, "service_name": service_name, **values}


def scope(scope_id: int = 9, **values: Any) -> Row:
    return {"scope_id": scope_id, "name": "instrumentation", **values}


def make_batch(
    spans: Iterable[Row] = (),
    *,
    links: Iterable[Row] = (),
    events: Iterable[Row] = (),
    messaging: Iterable[Row] = (),
    shapes: Iterable[Row] = (),
    correlation: Iterable[Row] = (),
    keys: Iterable[Row] = (),
    resources: Iterable[Row] | None = None,
    scopes: Iterable[Row] | None = None,
) -> SpanBatch:
    """As a decoder would make it: from `message` rows with any typed columns their shapes
    and keys, from `correlated` rows the sets, their ids on the spans, and keys."""
    messages, shapes, keys = [], list(shapes), list(keys)
    for row in messaging:
        split, shape = _split(row)
        messages.append(split)
        shapes += shape
        if shape:
            given = {name: value for name, value in row.items() if value is not None}
            keys += [_key(row, *key) for key in message_keys(given)]
    carried, sets = _collect_sets(correlation)
    for row in carried.values():
        keys += [_key(row, *join_key("correlation", *pair)) for pair in row["pairs"]]
    placed = [_place(row, carried) for row in spans]
    return SpanBatch(
        resources=make_table(schema.RESOURCES, [resource()] if resources is None else resources),
        scopes=make_table(schema.SCOPES, [scope()] if scopes is None else scopes),
        spans=make_table(schema.SPANS, placed),
        links=make_table(schema.LINKS, links),
        events=make_table(schema.EVENTS, events),
        messaging=make_table(schema.MESSAGING, messages),
        shapes=make_table(schema.SHAPES, shapes),
        correlation=make_table(schema.CORRELATION, sets),
        keys=make_table(schema.KEYS, keys),
    )


def _split(row: Row) -> tuple[Row, list[Row]]:
    """A messaging row that names its shape, and the shape if it did not."""
    if "shape_id" in row:
        return row, []
    shape = {name: row[name] for name in schema.SHAPE_COLUMNS if name in row}
    shape["shape_id"] = content_id(repr(sorted(shape.items())).encode())
    rest = {name: value for name, value in row.items() if name not in schema.SHAPE_COLUMNS}
    return rest | {"shape_id": shape["shape_id"]}, [shape]


def _key(of: Row, kind: int, key_hash: int) -> Row:
    return {name: of[name] for name in ("trace_hi", "trace_lo")} | {
        "kind": kind,
        "key_hash": key_hash,
    }


def _collect_sets(correlation: Iterable[Row]) -> tuple[dict[tuple[Any, ...], Row], list[Row]]:
    """What each span carries, by its key, and the rows of the sets."""
    carried: dict[tuple[Any, ...], Row] = {}
    sets: list[Row] = []
    for row in correlation:
        if "correlation_id" in row:
            sets.append(row)
            continue
        held = carried.setdefault(tuple(part(row).values()), part(row) | {"pairs": []})
        held["pairs"].append((row["key"], row["value"]))
    for held in carried.values():
        held["pairs"] = sorted(set(held["pairs"]))
        held["correlation_id"] = content_id(repr(held["pairs"]).encode())
        sets += [
            {"correlation_id": held["correlation_id"], "key": key, "value": value}
            for key, value in held["pairs"]
        ]
    return carried, sets


def _place(row: Row, carried: Mapping[tuple[Any, ...], Row]) -> Row:
    held = carried.get(tuple(part(row).values()))
    return row if held is None else row | {"correlation_id": held["correlation_id"]}


def traces(*numbers: int) -> pa.Table:
    """A list of traces (1, number)."""
    return make_table(schema.TRACE_IDS, [{"trace_hi": 1, "trace_lo": n} for n in numbers])


def trace_numbers(table: pa.Table) -> list[int]:
    assert set(table.column("trace_hi").to_pylist()) <= {1}
    numbers: list[Any] = table.column("trace_lo").to_pylist()
    return sorted(numbers)


def connection(producer: Row, consumer: Row, **values: Any) -> Row:
    ends = {
        f"{end}_{name}": row[name]
        for end, row in (("producer", producer), ("consumer", consumer))
        for name in ("trace_hi", "trace_lo", "span_id")
    }
    return {
        **ends,
        "producer_service_name": "orders",
        "consumer_service_name": "payments",
        "relation": "stitch",
        "rule": "message-id",
        "confidence": 0.95,
        "evidence": '[{"field": "x"}]',
        "consumer_start_time_unix_nano": consumer["start_time_unix_nano"],
        **values,
    }


def owned(of: Row, **values: Any) -> Row:
    """An endpoint or orphan of a span."""
    names = ("trace_hi", "trace_lo", "span_id", "start_time_unix_nano")
    return {name: of[name] for name in names} | {"service_name": "payments"} | values


def messages(*numbers: int) -> SpanBatch:
    """Spans of a trace each, with a link and a message."""
    spans = [span(number, number) for number in numbers]
    return make_batch(
        spans,
        links=[link(row, 99) for row in spans],
        messaging=[message(row, message_id="m") for row in spans],
    )
