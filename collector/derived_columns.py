"""What is read out of attributes: typed columns and their shapes, correlation sets, keys that
may join traces, and what is known of a resource. The same whether the attributes just
arrived or were stored long ago.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collector.any_value import Json, plain_text
from collector.columns import BatchColumns
from collector.identity import canonical
from collector.join_keys import Key, join_key, message_keys, work_keys
from collector.typed_columns import CorrelationKeys, Typed, TypedColumns
from storage.join_keys import content_id
from storage.schema import MESSAGE_COLUMNS, RESOURCES, SHAPE_COLUMNS

_PRODUCER, _CONSUMER = 4, 5
_MESSAGE_VALUES = (*MESSAGE_COLUMNS, "alternatives")
_KNOWN = RESOURCES.names[1:6]

Part = tuple[int, int, int, int]
"""Trace id halves, span id, content hash."""


class DerivedColumns:
    """Appends to the tables `messaging`, `shapes`, `correlation` and `keys` of `columns`,
    a row of the last three once."""

    def __init__(self, told: Mapping[str, Any], correlation_keys: Sequence[str]) -> None:
        """`told` is storage/attributes.toml; `correlation_keys` adds to its keys."""
        self._typed = TypedColumns(told)
        self._correlation = CorrelationKeys(told, correlation_keys)
        self._resource_names: dict[str, list[str]] = told["resource"]
        self.begin()

    def begin(self) -> None:
        """With empty tables."""
        self.columns = BatchColumns()
        self._met: dict[str, set[Any]] = {}

    def repeat_keys(self) -> None:
        """Keys that were appended already are appended again."""
        self._met.pop("keys", None)

    def is_new(self, table: str, identity: Any) -> bool:
        """True the first time since `begin`."""
        met = self._met.setdefault(table, set())
        if identity in met:
            return False
        met.add(identity)
        return True

    def name_resource(self, attributes: Mapping[str, Json]) -> list[str | None]:
        """The columns of a resource between its id and its attributes."""
        return [
            next(
                (
                    found
                    for name in self._resource_names[column]
                    if (found := plain_text(attributes.get(name)))
                ),
                None,
            )
            for column in _KNOWN
        ]

    def add_span(
        self,
        part: Part,
        *,
        resource: int,
        kind: int,
        name: str,
        parent: int,
        start: int,
        end: int,
        attributes: Mapping[str, Json],
    ) -> int | None:
        """The id of the span's correlation set, None without any. `parent` is 0 for none."""
        correlation = self._add_correlation(part, self._correlation.values(attributes))
        self._add_keys(part, work_keys(resource, kind, name, parent, start, end))
        boundary = kind in (_PRODUCER, _CONSUMER)
        self._add_typed(part, "span", 0, self._typed.row(attributes, always=boundary))
        return correlation

    def add_part(self, of: Part, kind: str, position: int, attributes: Mapping[str, Json]) -> None:
        """Of a span's "link" or "event"."""
        self._add_typed(of, kind, position, self._typed.row(attributes, part=True))

    def _add_correlation(self, part: Part, values: Mapping[str, str]) -> int | None:
        """`values` in the order of their keys."""
        if not values:
            return None
        identity = content_id(canonical([], [text for pair in values.items() for text in pair]))
        if self.is_new("correlation", identity):
            for key, value in values.items():
                self.columns["correlation"].append(identity, key, value)
        self._add_keys(part, (join_key("correlation", *pair) for pair in values.items()))
        return identity

    def _add_keys(self, part: Part, keys: Iterable[Key]) -> None:
        trace = part[:2]
        for key in keys:
            if self.is_new("keys", (*trace, *key)):
                self.columns["keys"].append(*trace, *key)

    def _add_typed(
        self, part: Part, kind: str, position: int, row: dict[str, Typed] | None
    ) -> None:
        if row is None:
            return
        texts = [_as_text(row.get(column)) for column in SHAPE_COLUMNS]
        shape = content_id(canonical([], texts))
        if self.is_new("shapes", shape):
            self.columns["shapes"].append(shape, *(row.get(c) for c in SHAPE_COLUMNS))
        self.columns["messaging"].append(
            *part, kind, position, shape, *(row.get(c) for c in _MESSAGE_VALUES)
        )
        self._add_keys(part, message_keys(row))


def _as_text(value: Typed | None) -> str | None:
    """A typed value in the canonical form of its shape."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
