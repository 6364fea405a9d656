"""What a test has seen, stitched: spans, hand-overs and orphan roots as the JSON API tells them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Ids = tuple[str, str]
Told = Mapping[str, Any]
"""An object of the JSON API (docs/api.md)."""


def ids_of(told: Told) -> Ids:
    return told["trace_id"], told["span_id"]


def _find_none(_key: str, _value: str) -> None:
    return None


@dataclass(frozen=True)
class Seen:
    """Pure; one state of what has been seen."""

    spans: Sequence[Told] = ()
    connections: Sequence[Told] = ()
    orphans: Sequence[Told] = ()
    find_journey: Callable[[str, str], Told | None] = _find_none
    """By key and value; None when no span carries them."""

    @cached_property
    def by_ids(self) -> Mapping[Ids, Told]:
        return {ids_of(span): span for span in self.spans}

    @cached_property
    def arriving(self) -> Mapping[Ids, list[Told]]:
        """Hand-overs by their consumer."""
        found: dict[Ids, list[Told]] = defaultdict(list)
        for connection in self.connections:
            found[ids_of(connection["consumer"])].append(connection)
        return dict(found)

    @cached_property
    def orphan_at(self) -> Mapping[Ids, Told]:
        return {ids_of(orphan): orphan for orphan in self.orphans}

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span["name"] == name]

    def climb(self, ids: Ids) -> Iterator[Told]:
        """The span and what it is below of, innermost first."""
        passed: set[Ids] = set()
        while ids in self.by_ids and ids not in passed:
            passed.add(ids)
            span = self.by_ids[ids]
            yield span
            ids = (span["trace_id"], span["parent_span_id"])

    def work_around(self, ids: Ids) -> Iterator[Told]:
        """The span and what it is below of, up to where a message came in."""
        for span in self.climb(ids):
            yield span
            if ids_of(span) in self.arriving or ids_of(span) in self.orphan_at:
                return
