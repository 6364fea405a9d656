"""One picture of many traces: which rows, in which order, and where the bars lie.

Pure; knows no HTML. Depth first: a span, then by start its children and, behind a
hand-over row each, the consumers of what it sent, also those in other traces. Every span
stands there exactly once; a second way to a span that is drawn already is a reference.
Times are never corrected.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from web.shapes import Connection, Orphan
from web.timescale import Interval, TimeScale, fold_time, total_of
from web.trace_shapes import Span

Ids = tuple[str, str]  # trace id, span id
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


def span_ids(of: Span | Orphan) -> Ids:
    return of["trace_id"], of["span_id"]


def _end(connection: Connection, end: Literal["producer", "consumer"]) -> Ids:
    return connection[end]["trace_id"], connection[end]["span_id"]


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
        self.first: dict[Ids, int] = {}
        for number, span in enumerate(spans):
            self.first.setdefault(span_ids(span), number)
        self.orphan_of = {
            self.first[span_ids(orphan)]: number
            for number, orphan in enumerate(orphans)
            if span_ids(orphan) in self.first
        }
        self.scale = fold_time(map(_interval, spans), true_scale=true_scale)
        self.rows: list[Row] = []
        self.traces: dict[str, int] = {}
        self.waits: list[Interval] = []
        self._choose_places()

    # ------------------------------------------------------ who stands below whom

    def _choose_places(self) -> None:
        self.parent = [self._parent_of(number) for number in range(len(self.spans))]
        families: dict[int, list[int]] = defaultdict(list)
        for child, parent in enumerate(self.parent):
            if parent is not None:
                families[parent].append(child)
        self.sent: dict[int, list[int]] = defaultdict(list)  # producer -> connections
        self.outer: dict[int, list[int]] = defaultdict(list)  # consumer -> from outside
        self.top: dict[int, int] = {}  # connection -> span that is drawn below it
        self.handed: dict[int, int] = {}  # consumer -> the connection it is drawn below
        above: dict[int, int] = {}  # span drawn below a hand-over -> connection
        consumers = {self.first.get(_end(each, "consumer")) for each in self.connections}
        for number in sorted(range(len(self.connections)), key=self._strength):
            producer, consumer = self._ends(number)
            if producer is not None:
                self.sent[producer].append(number)
            elif consumer is not None:
                self.outer[consumer].append(number)
            if producer is None or consumer is None or consumer in self.handed:
                continue
            top = self._climb(consumer, producer, families, consumers)
            if top in above or top == producer:
                continue
            self.handed[consumer] = number
            above[top] = number
            self.top[number] = top
        self.children: dict[int, list[int]] = defaultdict(list)
        for parent, members in families.items():
            self.children[parent] = [child for child in members if child not in above]
        self.above = above
        self.again = self._attempts_before()

    def _parent_of(self, number: int) -> int | None:
        span = self.spans[number]
        parent = span["parent_span_id"]
        found = None if parent is None else self.first.get((span["trace_id"], parent))
        return None if found == number else found

    def _ends(self, number: int) -> tuple[int | None, int | None]:
        connection = self.connections[number]
        return (
            self.first.get(_end(connection, "producer")),
            self.first.get(_end(connection, "consumer")),
        )

    def _strength(self, number: int) -> tuple[int, float, int, int]:
        """Which of a consumer's producers it is drawn below: told by the telemetry, sure,
        earliest."""
        connection = self.connections[number]
        producer, _ = self._ends(number)
        start = 0 if producer is None else self.spans[producer]["start_time_unix_nano"]
        told = ("parent", "link", "stitch").index(connection["relation"])
        return told, -connection["confidence"], start, number

    def _climb(
        self,
        consumer: int,
        producer: int,
        families: dict[int, list[int]],
        consumers: set[int | None],
    ) -> int:
        """The receive span over a lone process span moves with it."""
        top = consumer
        for _ in range(3):
            parent = self.parent[top]
            if parent is None or parent == producer or parent in consumers:
                break
            alone = len(families[parent]) == 1 and parent not in self.sent
            service = self.spans[parent]["service_name"]
            if (
                not alone
                or service != self.spans[top]["service_name"]
                or self.spans[parent]["kind"] == "PRODUCER"
            ):
                break
            top = parent
        return top

    def _attempts_before(self) -> dict[int, int]:
        """Connection -> consumer of the attempt before, of the same message."""
        before: dict[int, int] = {}
        for sent in self.sent.values():
            last: dict[tuple[str | None, ...], int] = {}
            for number in sorted(sent, key=self._consumer_start):
                connection = self.connections[number]
                _, consumer = self._ends(number)
                if consumer is None or connection["dead_letter"]:
                    continue
                told = (
                    connection["destination"],
                    connection["consumer_group"],
                    connection["consumer"]["service_name"],
                )
                if (connection["attempt"] or 1) > 1 and told in last:
                    before[number] = last[told]
                last[told] = consumer
        return before

    def _consumer_start(self, number: int) -> int:
        consumer = self.top.get(number, self._ends(number)[1])
        if consumer is None:
            producer = self._ends(number)[0] or 0
            return self.spans[producer]["end_time_unix_nano"]
        return self.spans[consumer]["start_time_unix_nano"]

    # ---------------------------------------------------------------------- rows

    def draw(self) -> Waterfall:
        order = sorted(range(len(self.spans)), key=self._span_order)
        self.drawn: set[int] = set()
        for number in order:
            if self.parent_drawn(number) is None:
                self._draw_tree(number)
        for number in order:  # members of circles
            if number not in self.drawn:
                self._draw_tree(number)
        return Waterfall(tuple(self.rows), self.scale, total_of(self.waits), tuple(self.traces))

    def parent_drawn(self, number: int) -> int | None:
        """The span below which this one stands."""
        if number in self.above:
            return self._ends(self.above[number])[0]
        return self.parent[number]

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
                waiting += reversed([(*item, depth + 1) for item in self._below(number)])

    def _below(self, number: int) -> list[tuple[bool, int]]:
        items = [
            (self.spans[child]["start_time_unix_nano"], True, child)
            for child in self.children[number]
        ]
        items += [(self._consumer_start(sent), False, sent) for sent in self.sent[number]]
        return [item[1:] for item in sorted(items)]

    def _trace(self, trace_id: str) -> int:
        return self.traces.setdefault(trace_id, len(self.traces))

    def _draw_span(self, number: int, depth: int) -> None:
        self.drawn.add(number)
        span = self.spans[number]
        trace = self._trace(span["trace_id"])
        for outside in self.outer[number]:
            self.rows.append(self._reference(outside, depth, trace, "from outside"))
        left = self.scale.place(span["start_time_unix_nano"])
        orphan = self.orphan_of.get(number)
        found = number in self.above or number in self.handed or self.outer[number]
        if orphan is not None and not found:
            self.rows.append(CutRow(orphan, depth, trace, left))
        right = self.scale.place(_interval(span)[1])
        bar = Bar(left, right - left)
        self.rows.append(SpanRow(number, depth, trace, bar, self.handed.get(number), orphan))

    def _draw_handover(self, number: int, depth: int) -> int | None:
        """The row; the span to draw below it."""
        producer, consumer = self._ends(number)
        trace = self._trace(self.connections[number]["producer"]["trace_id"])
        top = self.top.get(number)
        if producer is None or consumer is None:
            self.rows.append(self._reference(number, depth, trace, "to outside"))
            return None
        if top is None or top in self.drawn:
            self.rows.append(self._reference(number, depth, trace, "elsewhere"))
            return None
        before = self.again.get(number)
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
