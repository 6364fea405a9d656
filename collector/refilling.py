"""Stored spans -> what is read out of their attributes, anew.

The attribute text is the JSON that the decoders read typed values from (any_value.py): 64-bit
integers are numbers in it, bytes objects. So this gives what decoding gave, or what it would
give today.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from collector.any_value import Json
from collector.derived_columns import DerivedColumns, Part
from collector.settings_name import name_settings
from storage.results import KEY_GENERATIONS
from storage.rewriting import StoredSpans
from storage.schema import RESOURCES, load_attributes

_PART = ("trace_hi", "trace_lo", "span_id", "content_hash")
_SPAN = (
    "resource_id",
    "kind",
    "name",
    "parent_span_id",
    "start_time_unix_nano",
    "end_time_unix_nano",
    "attributes",
)
_EMPTY = "{}"


class Refiller:
    """Fills typed columns, shapes, correlation sets and keys as decoders with the same
    settings do."""

    def __init__(
        self,
        correlation_keys: Sequence[str] = (),
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """`attributes` is storage/attributes.toml; `correlation_keys` adds to its keys."""
        told = load_attributes() if attributes is None else attributes
        self._derived = DerivedColumns(told, correlation_keys)
        self.settings = name_settings(correlation_keys, attributes)

    def refill(self, stored: StoredSpans) -> StoredSpans:
        """The same spans; whatever the derived tables held is replaced."""
        self._derived.begin()
        batch = stored.batch
        parts = {"link": _parts(batch.links), "event": _parts(batch.events)}
        sets: list[int | None] = []
        key_generations: list[int] = []
        keys, last = self._derived.columns["keys"], None
        generations: list[int] = [row["generation"] for row in stored.stored.to_pylist()]
        for generation, row in zip(generations, _rows(batch.spans, *_PART, *_SPAN), strict=True):
            if generation != last:
                self._derived.repeat_keys()
                last = generation
            before = len(keys)
            sets.append(self._add_span(row, parts))
            key_generations += [generation] * (len(keys) - before)
        filled = self._derived.columns.batch()
        spans = batch.spans
        position = spans.schema.get_field_index("correlation_id")
        field = spans.schema.field(position)
        return StoredSpans(
            replace(
                batch,
                resources=self._name_resources(batch.resources),
                spans=spans.set_column(position, field, pa.array(sets, type=field.type)),
                messaging=filled.messaging,
                shapes=filled.shapes,
                correlation=filled.correlation,
                keys=filled.keys,
            ),
            stored.stored,
            pa.table([pa.array(key_generations, pa.uint64())], schema=KEY_GENERATIONS),
        )

    def _add_span(
        self, row: tuple[Any, ...], parts: Mapping[str, dict[Part, list[tuple[int, str]]]]
    ) -> int | None:
        part: Part = row[:4]
        resource, kind, name, parent, start, end, text = row[4:]
        correlation = self._derived.add_span(
            part,
            resource=resource,
            kind=kind,
            name=name,
            parent=parent or 0,
            start=start,
            end=end,
            attributes=_read(text),
        )
        for of, found in parts.items():
            for position, told in found.get(part, ()):
                self._derived.add_part(part, of, position, _read(told))
        return correlation

    def _name_resources(self, resources: pa.Table) -> pa.Table:
        rows = resources.to_pylist()
        for row in rows:
            known = self._derived.name_resource(_read(row["attributes"]))
            row |= zip(RESOURCES.names[1:6], known, strict=True)
        return pa.Table.from_pylist(rows, RESOURCES)


def _read(text: str) -> dict[str, Json]:
    attributes: dict[str, Json] = {} if text == _EMPTY else json.loads(text)
    return attributes


def _rows(table: pa.Table, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _parts(table: pa.Table) -> dict[Part, list[tuple[int, str]]]:
    """Position and attributes of what belongs to each span, in order; what has no
    attributes fills nothing."""
    found: dict[Part, list[tuple[int, str]]] = {}
    for *part, position, text in _rows(table, *_PART, "position", "attributes"):
        if text != _EMPTY:
            found.setdefault(tuple(part), []).append((position, text))
    return {part: sorted(rows) for part, rows in found.items()}
