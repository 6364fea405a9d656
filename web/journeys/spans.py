"""Spans as the API and the pages show them: one object each, odd data noted."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ancestry import SpanId
from storage.results import Row
from storage.schema import SpanBatch
from web.attributes import read_attributes
from web.rows import span_hex, trace_hex
from web.shapes import Note
from web.trace_shapes import Event, Link, Scope, Span

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")

_PART = ("trace_hi", "trace_lo", "span_id", "content_hash")
_IDENTITY = ("service_name", "service_namespace", "service_version", "environment")
_NO_RESOURCE: Mapping[str, Any] = dict.fromkeys(_IDENTITY)
_NO_SCOPE: Scope = {"name": "", "version": "", "attributes": {}, "schema_url": ""}


def sort_spans(batch: SpanBatch) -> pa.Table:
    """The spans by start, trace id, span id (and content, where ids are the same); as of
    `SpanStore.spans_of` they are put in order by start alone, which is far quicker."""
    starts = batch.spans["start_time_unix_nano"].to_numpy()
    return batch.spans.take(np.argsort(starts, kind="stable"))


def span_objects(
    batch: SpanBatch, spans: pa.Table, notes: Mapping[SpanId, list[Note]]
) -> list[Span]:
    """Objects for `spans`, which are rows of the batch; in their order, with these notes."""
    resources = {
        row["resource_id"]: row for row in _of(batch.resources, spans, "resource_id").to_pylist()
    }
    resource_attributes = {
        key: read_attributes(row["attributes"]) for key, row in resources.items()
    }
    scopes = {
        row["scope_id"]: _scope(row) for row in _of(batch.scopes, spans, "scope_id").to_pylist()
    }
    links = _parts(_of(batch.links, spans, "span_id"))
    events = _parts(_of(batch.events, spans, "span_id"))
    found: list[Span] = []
    for row in spans.to_pylist():
        part = tuple(row[name] for name in _PART)
        resource = resources.get(row["resource_id"], _NO_RESOURCE)
        start, end = row["start_time_unix_nano"], row["end_time_unix_nano"]
        parent = row["parent_span_id"]
        found.append(
            {
                "trace_id": trace_hex(row["trace_hi"], row["trace_lo"]),
                "span_id": span_hex(row["span_id"]),
                "parent_span_id": None if parent is None else span_hex(parent),
                "name": row["name"],
                "service_name": resource["service_name"],
                "service_namespace": resource["service_namespace"],
                "service_version": resource["service_version"],
                "environment": resource["environment"],
                "kind": _named(KINDS, row["kind"]),
                "start_time_unix_nano": start,
                "end_time_unix_nano": end,
                "duration_nano": end - start,
                "status": _named(STATUSES, row["status_code"]),
                "status_message": row["status_message"],
                "trace_state": row["trace_state"],
                "flags": row["flags"],
                "attributes": read_attributes(row["attributes"]),
                "links": [_link(link) for link in links.get(part, ())],
                "events": [_event(event) for event in events.get(part, ())],
                "resource": resource_attributes.get(row["resource_id"], {}),
                "scope": scopes.get(row["scope_id"], _NO_SCOPE),
                "dropped_attributes_count": row["dropped_attributes_count"],
                "dropped_links_count": row["dropped_links_count"],
                "dropped_events_count": row["dropped_events_count"],
                "notes": notes.get(part[:3], []),
            }
        )
    return found


def _of(table: pa.Table, spans: pa.Table, column: str) -> pa.Table:
    """The rows that these spans name, and perhaps some more."""
    return table.filter(pc.is_in(table[column], value_set=spans[column].combine_chunks()))


def _named(names: tuple[Any, ...], number: int) -> Any:
    return names[number] if 0 <= number < len(names) else names[0]


def _parts(table: pa.Table) -> dict[tuple[int, ...], list[Row]]:
    """Rows of links or events by the span they belong to, in their order there."""
    found: dict[tuple[int, ...], list[Row]] = defaultdict(list)
    for row in table.to_pylist():
        found[tuple(row[name] for name in _PART)].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row["position"])
    return found


def _link(row: Row) -> Link:
    return {
        "trace_id": trace_hex(row["linked_trace_hi"], row["linked_trace_lo"]),
        "span_id": span_hex(row["linked_span_id"]),
        "trace_state": row["trace_state"],
        "flags": row["flags"],
        "attributes": read_attributes(row["attributes"]),
        "dropped_attributes_count": row["dropped_attributes_count"],
    }


def _event(row: Row) -> Event:
    return {
        "name": row["name"],
        "time_unix_nano": row["time_unix_nano"],
        "attributes": read_attributes(row["attributes"]),
        "dropped_attributes_count": row["dropped_attributes_count"],
    }


def _scope(row: Row) -> Scope:
    return {
        "name": row["name"],
        "version": row["version"],
        "attributes": read_attributes(row["attributes"]),
        "schema_url": row["schema_url"],
    }
