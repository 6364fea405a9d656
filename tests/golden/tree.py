"""Answers as a text that people read and diffs show: trees of journeys.

A journey is everything that hangs together over parents and connections. Its lines
are spans; a consumer stands below its producer, wherever its own trace is. No ids
and no times, so that journeys of the same shape are one text, with their number.
"""

from collections import defaultdict
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
        self._drawn: set[Ids] = set()

    def journeys(self) -> list[list[str]]:
        spans = self._forest.spans
        consumers = {below for belows in self._below.values() for below, _ in belows}
        by_start = sorted(spans, key=lambda ids: (spans[ids].start, ids))
        tops = [ids for ids in by_start if ids not in consumers]
        # A cycle has no top: its earliest span stands for one.
        return [self._branch(ids, "", 1) for ids in [*tops, *by_start] if ids not in self._drawn]

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
