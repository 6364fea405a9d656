"""One picture of many traces: which rows, in which order, and where the bars lie.

Pure; knows no HTML. Rows are numbers in columns and become objects where somebody looks.
Depth first: a span, then by start its children and, behind a hand-over row each, the
consumers of what it sent, also those in other traces. Every span stands there exactly once;
a second way to a span that is drawn already is a reference. Times are never corrected.
"""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

from web.waterfall.family import Family
from web.waterfall.picture import NOBODY, Picture
from web.waterfall.row_kinds import Bar, CandidateRow, CutRow, HandoverRow, Row, SpanRow, Way
from web.waterfall.timescale import Interval, TimeScale, fold_time, total_of

_SPAN, _HANDOVER, _CUT, _CANDIDATE = range(4)


@dataclass(frozen=True, slots=True)
class _Passage:
    """A hand-over row but for its place."""

    way: Way
    between: Interval | None
    wait_nano: int | None
    again: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Waterfall(Sequence[Row]):
    """Row by row. `sizes` says how many rows each and what hangs below it are, `traces`
    the trace ids by number; `rows_of` the row of each span, `repeated` the spans whose span
    id stands on an earlier row; `queue_nano` how long at least one message waited."""

    picture: Picture
    family: Family
    scale: TimeScale
    kinds: bytearray
    subjects: "array[int]"  # numbers of spans, connections and candidates; of cuts the root
    depths: "array[int]"
    row_traces: "array[int]"
    sizes: "array[int]"
    passages: dict[int, _Passage]
    rows_of: "array[int]"
    repeated: frozenset[int]
    queue_nano: int
    traces: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.kinds)

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | Sequence[Row]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        kind, subject = self.kinds[number], self.subjects[number]
        depth, trace = self.depths[number], self.row_traces[number]
        if kind == _SPAN:
            start, end = self.picture.start[subject], self.picture.end[subject]
            handed, orphan = self.family.handed.get(subject), self.picture.orphans.get(subject)
            return SpanRow(subject, depth, trace, self._bar(start, end), handed, orphan)
        if kind == _CUT:
            place = self.scale.place(self.picture.start[subject])
            return CutRow(self.picture.orphans[subject], depth, trace, place)
        if kind == _CANDIDATE:
            root = self.picture.candidates[subject]
            return CandidateRow(subject, depth, trace, self.scale.place(self.picture.start[root]))
        passage = self.passages[number]
        between = passage.between
        return HandoverRow(
            connection=subject,
            depth=depth,
            trace=trace,
            way=passage.way,
            wait=None if between is None else self._bar(*sorted(between)),
            wait_nano=passage.wait_nano,
            overlap=between is not None and between[1] < between[0],
            again=passage.again,
            cut=passage.cut,
        )

    def _bar(self, start: int, end: int) -> Bar:
        left = self.scale.place(start)
        return Bar(left, self.scale.place(end) - left)

    def span_of_row(self, number: int) -> int:
        """The span of this row, or NOBODY."""
        return self.subjects[number] if self.kinds[number] == _SPAN else NOBODY

    def on(self, scale: TimeScale) -> "Waterfall":
        """The same rows on another scale."""
        return replace(self, scale=scale)


def scale_of(picture: Picture, *, true_scale: bool) -> TimeScale:
    return fold_time(zip(picture.start, picture.end, strict=True), true_scale=true_scale)


def lay_out(picture: Picture, *, true_scale: bool = False) -> Waterfall:
    """At least one span; connections with an end outside are references."""
    return _Layout(picture, true_scale=true_scale).draw()


class _Layout:
    def __init__(self, picture: Picture, *, true_scale: bool) -> None:
        self.picture = picture
        self.family = Family(picture)
        self.scale = scale_of(picture, true_scale=true_scale)
        self.kinds = bytearray()
        self.subjects, self.depths, self.row_traces = array("q"), array("q"), array("q")
        self.passages: dict[int, _Passage] = {}
        self.traces: dict[int, int] = {}  # number in the picture -> in order of rows
        self.waits: list[Interval] = []
        self.drawn = bytearray(len(picture))
        self.rows_of = array("q", bytes(8 * len(picture)))
        self.span_ids: set[int] = set()
        self.repeated: set[int] = set()
        self.guesses: dict[int, list[int]] = defaultdict(list)  # candidates by orphan root
        for candidate, root in enumerate(picture.candidates):
            self.guesses[root].append(candidate)

    def draw(self) -> Waterfall:
        order = sorted(range(len(self.picture)), key=self.picture.start.__getitem__)
        for number in order:
            if self.family.stands_below(number) == NOBODY:
                self._draw_tree(number)
        for number in order:  # members of circles
            if not self.drawn[number]:
                self._draw_tree(number)
        return Waterfall(
            picture=self.picture,
            family=self.family,
            scale=self.scale,
            kinds=self.kinds,
            subjects=self.subjects,
            depths=self.depths,
            row_traces=self.row_traces,
            sizes=_subtree_sizes(self.depths),
            passages=self.passages,
            rows_of=self.rows_of,
            repeated=frozenset(self.repeated),
            queue_nano=total_of(self.waits),
            traces=tuple(self.picture.traces[number] for number in self.traces),
        )

    def _draw_tree(self, root: int) -> None:
        """Iterative: chains may be longer than the stack is deep."""
        waiting = [(root, 0)]  # what, as of `Family.items_below`, and its depth
        while waiting:
            item, depth = waiting.pop()
            if item < 0:
                below = self._draw_handover(~item, depth)
                if below is not None:
                    waiting.append((below, depth))
            elif not self.drawn[item]:
                self._draw_span(item, depth)
                items = self.family.items_below(item)
                if items:
                    items.reverse()
                    waiting += [(each, depth + 1) for each in items]

    def _add(self, kind: int, subject: int, depth: int, owner: int) -> None:
        """`owner` is a span of the trace that the row belongs to."""
        self.kinds.append(kind)
        self.subjects.append(subject)
        self.depths.append(depth)
        trace = self.picture.trace[owner]
        self.row_traces.append(self.traces.setdefault(trace, len(self.traces)))

    def _pass(self, number: int, depth: int, owner: int, passage: _Passage) -> None:
        self.passages[len(self.kinds)] = passage
        self._add(_HANDOVER, number, depth, owner)

    def _refer(self, number: int, depth: int, owner: int, way: Way) -> None:
        told = self.picture.connections[number]["wait_nano"]
        self._pass(number, depth, owner, _Passage(way, None, told))

    def _draw_span(self, number: int, depth: int) -> None:
        self.drawn[number] = 1
        family, orphans = self.family, self.picture.orphans
        if number in family.outer:
            for connection in family.outer[number]:
                self._refer(connection, depth, number, "from outside")
        elif number in orphans and number not in family.above and number not in family.handed:
            self._add(_CUT, number, depth, number)
            for candidate in self.guesses[number]:
                self._add(_CANDIDATE, candidate, depth, number)
        self.rows_of[number] = len(self.kinds)
        span_id = self.picture.span_ids[number]
        if span_id in self.span_ids:
            self.repeated.add(number)
        self.span_ids.add(span_id)
        self._add(_SPAN, number, depth, number)

    def _draw_handover(self, number: int, depth: int) -> int | None:
        """The row; the span to draw below it."""
        picture = self.picture
        producer, consumer = picture.ends[number]
        top = self.family.top.get(number)
        if consumer == NOBODY:
            self._refer(number, depth, producer, "to outside")
            return None
        if top is None or self.drawn[top]:
            self._refer(number, depth, producer, "elsewhere")
            return None
        before = self.family.again.get(number)
        # what is on its way after the send ended: the consumer itself, not what is above it
        start, end = picture.start[consumer], picture.end[producer if before is None else before]
        if start >= end:
            self.waits.append((end, start))
        told = picture.connections[number]["wait_nano"]
        passage = _Passage(
            "drawn",
            (end, start),
            start - end if before is not None or told is None else told,
            again=before is not None,
            cut=top in picture.orphans or consumer in picture.orphans,
        )
        self._pass(number, depth, producer, passage)
        return top


def _subtree_sizes(depths: Sequence[int]) -> "array[int]":
    """A row and the deeper ones that follow it."""
    sizes = array("q", bytes(8 * len(depths)))
    open_rows: list[int] = []
    for number, depth in enumerate(depths):
        while open_rows and depths[open_rows[-1]] >= depth:
            row = open_rows.pop()
            sizes[row] = number - row
        open_rows.append(number)
    for row in open_rows:
        sizes[row] = len(depths) - row
    return sizes
