"""Answers as a text that people read and diffs show: trees of journeys.

A journey is everything that hangs together over parents and connections. Its lines
are spans; a consumer stands below its producer, wherever its own trace is. No ids
and no times, so that journeys of the same shape are one text, with their number.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

Ids = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    ids: Ids
    parent: Ids | None
    service: str
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Edge:
    producer: Ids
    consumer: Ids
    label: str
    """Such as "stitch message-id 0.98, orders"."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Spans, edges between them, and remarks on spans."""

    spans: dict[Ids, Span]
    edges: list[Edge]
    remarks: dict[Ids, str] = field(default_factory=dict)


def draw(forest: Forest) -> str:
    """Each distinct journey once, in order of first appearance, with its count."""
    counts: dict[str, int] = {}
    for lines in _Drawing(forest).journeys():
        text = "\n".join(lines)
        counts[text] = counts.get(text, 0) + 1
    return "\n".join(
        f"{count} {'journey' if count == 1 else 'journeys'}\n{text}\n"
        for text, count in counts.items()
    )


class _Drawing:
    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._below: dict[Ids, list[tuple[Ids, str]]] = defaultdict(list)
        labels = {(edge.producer, edge.consumer): edge.label for edge in forest.edges}
        for span in forest.spans.values():
            if span.parent in forest.spans:
                self._below[span.parent].append((span.ids, labels.pop((span.parent, span.ids), "")))
        for (producer, consumer), label in labels.items():
            self._below[producer].append((consumer, label))
        self._journey = _find_journeys(self._below, forest.spans)
        self._drawn: set[Ids] = set()

    def journeys(self) -> list[list[str]]:
        """The lines of each, by start of its earliest span."""
        spans = self._forest.spans
        consumers = {below for belows in self._below.values() for below, _ in belows}
        by_start = sorted(spans, key=lambda ids: (spans[ids].start, ids))
        tops = [ids for ids in by_start if ids not in consumers]
        lines: dict[Ids, list[str]] = {}
        # A cycle has no top: its earliest span stands for one.
        for ids in [*tops, *by_start]:
            if ids not in self._drawn:
                lines.setdefault(self._journey[ids], []).extend(self._branch(ids, "", 1))
        return list(lines.values())

    def _branch(self, ids: Ids, label: str, depth: int) -> list[str]:
        span = self._forest.spans[ids]
        arrow = f"→ [{label}] " if label else ""
        line = "  " * depth + f"{arrow}{span.service}: {span.name}"
        if ids in self._drawn:
            return [line + " (drawn above)"]
        self._drawn.add(ids)
        if ids in self._forest.remarks:
            line += f"   ! {self._forest.remarks[ids]}"
        spans = self._forest.spans
        below = sorted(self._below[ids], key=lambda b: (spans[b[0]].start, b))
        return [line, *(text for b, lab in below for text in self._branch(b, lab, depth + 1))]


def _find_journeys(below: dict[Ids, list[tuple[Ids, str]]], spans: Iterable[Ids]) -> dict[Ids, Ids]:
    """Every span to one span of its journey, the same for all of that journey."""
    near: dict[Ids, list[Ids]] = defaultdict(list)
    for upper, lowers in below.items():
        for lower, _ in lowers:
            near[upper].append(lower)
            near[lower].append(upper)
    journey: dict[Ids, Ids] = {}
    for first in spans:
        if first not in journey:
            journey[first] = first
            waiting = [first]
            while waiting:
                new = [ids for ids in near[waiting.pop()] if ids not in journey]
                journey.update(dict.fromkeys(new, first))
                waiting += new
    return journey
