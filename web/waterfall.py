"""One picture of many traces: which rows, in which order, and where the bars lie.

Pure; knows no HTML. Depth first: a span, then by start its children and, behind a
hand-over row each, the consumers of what it sent, also those in other traces. Every span
stands there exactly once; a second way to a span that is drawn already is a reference.
Times are never corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from web.family import Family, span_ids
from web.shapes import Connection, Orphan
from web.timescale import Interval, TimeScale, fold_time, total_of
from web.trace_shapes import Span

Way = Literal["drawn", "elsewhere", "from outside", "to outside"]


@dataclass(frozen=True, slots=True)
class Bar:
    """Fractions of the lane."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class SpanRow:
    """`span` is the index in the spans, `trace` the number of the trace in order of rows."""

    span: int
    depth: int
    trace: int
    bar: Bar
    handed: int | None  # the connection whose consumer this is
    orphan: int | None


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """A connection. `way` says where the other end is: drawn below this row, elsewhere in
    the picture, or not among the spans. `wait` is the time between the end of the send (of
    the attempt before, when `again`) and the start of the consumer; reversed times lie
    between the same instants with `overlap`. `cut` when the consumer is an orphan root."""

    connection: int
    depth: int
    trace: int
    way: Way
    wait: Bar | None
    wait_nano: int | None
    overlap: bool
    again: bool
    cut: bool


@dataclass(frozen=True, slots=True)
class CutRow:
    """An orphan root whose producer nobody knows; the root is the next row."""

    orphan: int
    depth: int
    trace: int
    place: float


Row = SpanRow | HandoverRow | CutRow


@dataclass(frozen=True, slots=True)
class Waterfall:
    rows: tuple[Row, ...]
    scale: TimeScale
    queue_nano: int  # how long at least one message waited
    traces: tuple[str, ...]  # by number


def lay_out(
    spans: Sequence[Span],
    connections: Sequence[Connection],
    orphans: Sequence[Orphan] = (),
    *,
    true_scale: bool = False,
) -> Waterfall:
    """Spans in any order, at least one; connections with an end outside are references."""
    return _Layout(spans, connections, orphans, true_scale=true_scale).draw()


class _Layout:
    def __init__(
        self,
        spans: Sequence[Span],
        connections: Sequence[Connection],
        orphans: Sequence[Orphan],
        *,
        true_scale: bool,
    ) -> None:
        self.spans, self.connections = spans, connections
        self.family = Family(spans, connections)
        self.orphan_of = {
            self.family.first[span_ids(orphan)]: number
            for number, orphan in enumerate(orphans)
            if span_ids(orphan) in self.family.first
        }
        self.scale = fold_time(map(_interval, spans), true_scale=true_scale)
        self.rows: list[Row] = []
        self.traces: dict[str, int] = {}
        self.waits: list[Interval] = []
        self.drawn: set[int] = set()

    def draw(self) -> Waterfall:
        order = sorted(range(len(self.spans)), key=self._span_order)
        for number in order:
            if self.family.stands_below(number) is None:
                self._draw_tree(number)
        for number in order:  # members of circles
            if number not in self.drawn:
                self._draw_tree(number)
        return Waterfall(tuple(self.rows), self.scale, total_of(self.waits), tuple(self.traces))

    def _span_order(self, number: int) -> tuple[int, int]:
        return self.spans[number]["start_time_unix_nano"], number

    def _draw_tree(self, root: int) -> None:
        """Iterative: chains may be longer than the stack is deep."""
        waiting: list[tuple[bool, int, int]] = [(True, root, 0)]  # is a span, which, depth
        while waiting:
            is_span, number, depth = waiting.pop()
            if not is_span:
                below = self._draw_handover(number, depth)
                if below is not None:
                    waiting.append((True, below, depth))
            elif number not in self.drawn:
                self._draw_span(number, depth)
                waiting += reversed(
                    [(*item, depth + 1) for item in self.family.items_below(number)]
                )

    def _trace(self, trace_id: str) -> int:
        return self.traces.setdefault(trace_id, len(self.traces))

    def _draw_span(self, number: int, depth: int) -> None:
        self.drawn.add(number)
        span = self.spans[number]
        trace = self._trace(span["trace_id"])
        for outside in self.family.outer[number]:
            self.rows.append(self._reference(outside, depth, trace, "from outside"))
        left = self.scale.place(span["start_time_unix_nano"])
        orphan = self.orphan_of.get(number)
        found = (
            number in self.family.above or number in self.family.handed or self.family.outer[number]
        )
        if orphan is not None and not found:
            self.rows.append(CutRow(orphan, depth, trace, left))
        right = self.scale.place(_interval(span)[1])
        bar = Bar(left, right - left)
        self.rows.append(SpanRow(number, depth, trace, bar, self.family.handed.get(number), orphan))

    def _draw_handover(self, number: int, depth: int) -> int | None:
        """The row; the span to draw below it."""
        producer, consumer = self.family.ends(number)
        trace = self._trace(self.connections[number]["producer"]["trace_id"])
        top = self.family.top.get(number)
        if producer is None or consumer is None:
            self.rows.append(self._reference(number, depth, trace, "to outside"))
            return None
        if top is None or top in self.drawn:
            self.rows.append(self._reference(number, depth, trace, "elsewhere"))
            return None
        before = self.family.again.get(number)
        sender = self.spans[producer if before is None else before]
        # what is on its way after the send ended: the consumer itself, not what is above it
        start = self.spans[consumer]["start_time_unix_nano"]
        end = _interval(sender)[1]
        overlap = start < end
        if not overlap:
            self.waits.append((end, start))
        left, right = sorted((self.scale.place(end), self.scale.place(start)))
        told = self.connections[number]["wait_nano"]
        self.rows.append(
            HandoverRow(
                connection=number,
                depth=depth,
                trace=trace,
                way="drawn",
                wait=Bar(left, right - left),
                wait_nano=start - end if before is not None or told is None else told,
                overlap=overlap,
                again=before is not None,
                cut=top in self.orphan_of or consumer in self.orphan_of,
            )
        )
        return top

    def _reference(self, number: int, depth: int, trace: int, way: Way) -> HandoverRow:
        wait = self.connections[number]["wait_nano"]
        return HandoverRow(
            number, depth, trace, way, None, wait, overlap=False, again=False, cut=False
        )


def _interval(span: Span) -> Interval:
    start, end = span["start_time_unix_nano"], span["end_time_unix_nano"]
    return start, max(start, end)
