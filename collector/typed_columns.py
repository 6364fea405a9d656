"""Typed columns and correlation ids, read from attributes by storage/attributes.toml."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from collector.any_value import Json, json_text, plain_text

# Longer values are documents, not ids.
_LONGEST_ID = 512
_DIGITS = re.compile(r"[+-]?[0-9]{1,19}")
_INT64 = range(-(2**63), 2**63)

Typed = str | int | bool


class TypedColumns:
    """Which attribute goes to which typed column.

    `rows(attributes)` gives the columns that the attributes fill, or None when none of
    them marks a messaging span.
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._by_name: dict[str, list[tuple[str, int, str]]] = {}
        self._marks = set()
        self._marks_of_parts = set()
        for column, entry in told["columns"].items():
            if entry.get("marks", True):
                self._marks.add(column)
                if entry.get("each", False):
                    self._marks_of_parts.add(column)
            for priority, name in enumerate(entry["names"]):
                self._by_name.setdefault(name, []).append((column, priority, entry["type"]))

    def row(
        self, attributes: Mapping[str, Json], *, always: bool = False, part: bool = False
    ) -> dict[str, Typed] | None:
        """Column -> value; `alternatives` holds the aliases that disagreed with the winner.

        None when no marking column is filled, unless `always`. A `part` of a span (a link,
        an event) is marked only by what differs from message to message.
        """
        found: dict[str, list[tuple[int, Typed]]] = {}
        for name in attributes.keys() & self._by_name.keys():
            for column, priority, kind in self._by_name[name]:
                value = _coerce(attributes[name], kind)
                if value is not None:
                    found.setdefault(column, []).append((priority, value))
        marks = self._marks_of_parts if part else self._marks
        if not always and marks.isdisjoint(found):
            return None
        row: dict[str, Typed] = {}
        losers: dict[str, Json] = {}
        for column, values in sorted(found.items()):  # `alternatives` in one order everywhere
            values.sort(key=lambda entry: entry[0])
            row[column] = winner = values[0][1]
            others = [str(value) for _, value in values[1:] if value != winner]
            if others:
                losers[column] = list(dict.fromkeys(others))
        if losers:
            row["alternatives"] = json_text(losers)
        return row


def _coerce(value: Json, kind: str) -> Typed | None:
    if kind == "string":
        return plain_text(value) or None  # an empty string names nothing: an older alias may
    if kind == "captured":
        return plain_text(value)
    if kind == "bool":
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool) and value in _INT64
    return value if whole else None  # type: ignore[return-value]  # `whole` says that it is an int


class CorrelationKeys:
    """Canonical correlation keys of attributes, by all their spellings."""

    def __init__(self, told: Mapping[str, Any], extra: Sequence[str] = ()) -> None:
        self._canonical: dict[str, list[tuple[str, int]]] = {}
        keys: dict[str, list[str]] = {key: [key] for key in extra} | dict(told["correlation"])
        for key, names in keys.items():
            for priority, name in enumerate(names):
                self._canonical.setdefault(name, []).append((key, priority))

    def values(self, attributes: Mapping[str, Json]) -> dict[str, str]:
        """Key -> value as text; of several spellings the first by priority."""
        found: dict[str, tuple[int, str]] = {}
        for name in attributes.keys() & self._canonical.keys():
            text = plain_text(attributes[name])
            if not text or not text.strip() or len(text) > _LONGEST_ID:
                continue
            for key, priority in self._canonical[name]:
                if key not in found or priority < found[key][0]:
                    found[key] = (priority, text)
        return {key: text for key, (_, text) in sorted(found.items())}
