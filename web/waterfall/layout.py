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

import numpy as np

from analyzer.ancestry import NOBODY
from web.waterfall.family import Family
from web.waterfall.picture import Picture
from web.waterfall.row_kinds import Bar, CandidateRow, CutRow, HandoverRow, Row, SpanRow, Way
from web.waterfall.timescale import Interval, TimeScale, fold_time, total_of

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
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

    def span_rows(self) -> tuple[Numbers, Numbers]:
        """The rows that are spans, in order, and which spans these are."""
        rows = np.flatnonzero(np.frombuffer(self.kinds, np.uint8) == _SPAN)
        return rows, np.frombuffer(self.subjects, np.int64)[rows]

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
        self.subjects: list[int] = []
        self.depths: list[int] = []
        self.odd: dict[int, tuple[int, int]] = {}  # rows of no span: kind, span of their trace
        self.passages: dict[int, _Passage] = {}
        self.waits: list[Interval] = []
        self.drawn = bytearray(len(picture))
        self.levels = [0] * len(picture)  # depths of the spans that are drawn
        self.guesses: dict[int, list[int]] = defaultdict(list)  # candidates by orphan root
        for candidate, root in enumerate(picture.candidates):
            self.guesses[root].append(candidate)
        family = self.family
        self.linked = family.sent.keys() | family.outer.keys() | picture.orphans.keys()
        self.below = list(picture.parent)
        for top, connection in family.above.items():
            self.below[top] = picture.ends[connection][0]

    def draw(self) -> Waterfall:
        order = sorted(range(len(self.picture)), key=self.picture.start.__getitem__)
        for number in order:
            if self.below[number] == NOBODY:
                self._draw_tree(number)
        for number in order:  # members of circles
            if not self.drawn[number]:
                self._draw_tree(number)
        subjects, owners, kinds = self._columns()
        row_traces, traces = _number_traces(np.fromiter(self.picture.trace, np.int64)[owners])
        rows_of = np.empty(len(self.picture), np.int64)
        spans = np.flatnonzero(kinds == _SPAN)
        rows_of[subjects[spans]] = spans
        return Waterfall(
            picture=self.picture,
            family=self.family,
            scale=self.scale,
            kinds=bytearray(kinds.tobytes()),
            subjects=array("q", subjects.tobytes()),
            depths=array("q", self.depths),
            row_traces=array("q", row_traces.tobytes()),
            sizes=_subtree_sizes(self.depths),
            passages=self.passages,
            rows_of=array("q", rows_of.tobytes()),
            repeated=_repeated(self.picture.span_ids, subjects[spans].tolist()),
            queue_nano=total_of(self.waits),
            traces=tuple(self.picture.traces[number] for number in traces),
        )

    def _columns(self) -> tuple[Numbers, Numbers, "np.ndarray[tuple[int], np.dtype[np.uint8]]"]:
        """Of each row the subject, a span of its trace and the kind."""
        subjects = np.fromiter(self.subjects, np.int64, len(self.subjects))
        owners, kinds = subjects.copy(), np.zeros(len(subjects), np.uint8)
        rows = list(self.odd)
        kinds[rows] = [kind for kind, _ in self.odd.values()]
        owners[rows] = [owner for _, owner in self.odd.values()]
        return subjects, owners, kinds

    def _draw_tree(self, root: int) -> None:
        """Iterative: chains may be longer than the stack is deep. What most spans need stands
        here, because there may be a hundred thousand of them."""
        drawn, levels, below, family = self.drawn, self.levels, self.below, self.family
        linked = self.linked
        waiting = [root]  # as of `Family.items_below`
        while waiting:
            item = waiting.pop()
            if item < 0:
                top = self._draw_handover(~item)
                if top is not None:
                    waiting.append(top)
            elif not drawn[item]:
                drawn[item] = 1
                depth = levels[item] = 0 if item == root else levels[below[item]] + 1
                if item in linked:
                    self._draw_above(item, depth)
                    waiting += family.items_below(item)
                else:
                    waiting += family.children(item)
                self.subjects.append(item)
                self.depths.append(depth)

    def _add(self, kind: int, subject: int, depth: int, owner: int) -> None:
        """`owner` is a span of the trace that the row belongs to."""
        self.odd[len(self.subjects)] = kind, owner
        self.subjects.append(subject)
        self.depths.append(depth)

    def _pass(self, number: int, depth: int, owner: int, passage: _Passage) -> None:
        self.passages[len(self.subjects)] = passage
        self._add(_HANDOVER, number, depth, owner)

    def _refer(self, number: int, depth: int, owner: int, way: Way) -> None:
        told = self.picture.connections[number]["wait_nano"]
        self._pass(number, depth, owner, _Passage(way, None, told))

    def _draw_above(self, number: int, depth: int) -> None:
        """Rows over a span that tell where it comes from."""
        family, orphans = self.family, self.picture.orphans
        if number in family.outer:
            for connection in family.outer[number]:
                self._refer(connection, depth, number, "from outside")
        elif number in orphans and number not in family.above and number not in family.handed:
            self._add(_CUT, number, depth, number)
            for candidate in self.guesses[number]:
                self._add(_CANDIDATE, candidate, depth, number)

    def _draw_handover(self, number: int) -> int | None:
        """The row; the span to draw below it."""
        picture = self.picture
        producer, consumer = picture.ends[number]
        depth = self.levels[producer] + 1
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


def _number_traces(traces: Numbers) -> tuple[Numbers, list[int]]:
    """Numbers in order of the first row, and which trace each is."""
    known, firsts, places = np.unique(traces, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    ranks = np.empty(len(known), np.int64)
    ranks[order] = np.arange(len(known))
    return ranks[places], known[order].tolist()


def _repeated(span_ids: Sequence[int], spans: Sequence[int]) -> frozenset[int]:
    """Of the spans, in the order of their rows, those whose id another one has before them."""
    if len(set(span_ids)) == len(span_ids):
        return frozenset()
    first: dict[int, int] = {}
    return frozenset(span for span in spans if first.setdefault(span_ids[span], span) != span)


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
