"""The rows of a waterfall as the template draws them, with their words and colours.

Made of those rows that somebody looks at, never of all.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from analyzer.ancestry import NOBODY
from web.addresses import span_address
from web.journeys.stored import Stored
from web.report.views import group_key_of_orphan
from web.trace_shapes import Attempt, Span
from web.waterfall.axis_view import percent
from web.waterfall.critical_path import CriticalPath
from web.waterfall.layout import Waterfall
from web.waterfall.rails import find_rails, parts_of
from web.waterfall.relations import Chip, relation_chip, relation_of
from web.waterfall.row_kinds import Bar, CandidateRow, CutRow, HandoverRow, Row, SpanRow
from web.waterfall.row_views import Label, RowView
from web.waterfall.sentences import name_error
from web.waterfall.timescale import Interval, Segment
from web.words import cut_text, say_confidence, say_duration, say_rule, say_service, say_system

TRACE_COLOURS = 6
_SHORT = 18  # letters that find room beside a bar on a phone
_NOTED = {"clock-offset": "clocks differ", "order": "out of turn"}
_DEEPEST = 10  # further indentation would push the names out of sight
_LONGEST = 300  # letters of a name; the panel has the whole


def view_rows(
    fall: Waterfall,
    numbers: Sequence[int],
    stored: Stored,
    attempts: Sequence[Attempt],
    hues: Mapping[str, int],
    critical: CriticalPath,
    folded: Collection[int] = (),
) -> list[RowView]:
    """The rows with these numbers, in this order."""
    drawn = [fall.span_of_row(number) for number in numbers]
    spans = sorted({span for span in drawn if span != NOBODY})
    told = dict(zip(spans, stored.spans_at(spans), strict=True))
    drawing = _Drawing(fall, told, stored, attempts, hues)
    rows = [drawing.row(number, folded=number in folded) for number in numbers]
    rails = find_rails(fall, attempts)
    return [
        replace(
            row,
            critical=_critical(fall, row.number, critical),
            rails=parts_of(rails, row.number),
        )
        for row in rows
    ]


def _critical(fall: Waterfall, number: int, critical: CriticalPath) -> tuple[tuple[str, str], ...]:
    """Of a row what is on the critical path, as far as it is shown."""
    row, scale = fall[number], fall.scale
    pieces: Sequence[Interval] = ()
    if isinstance(row, SpanRow):
        pieces = critical.spans.get(row.span, ())
    elif isinstance(row, HandoverRow) and row.way == "drawn" and row.connection in critical.waits:
        pieces = (critical.waits[row.connection],)
    places = [
        (scale.place(start), scale.place(end))
        for start, end in pieces
        if end > scale.start and start < scale.end
    ]
    return tuple((percent(left), percent(right - left)) for left, right in places)


def _label(text: str, bar: Bar) -> Label:
    right = bar.left + bar.width
    if right <= (0.66 if len(text) <= _SHORT else 0.5):
        return Label(text, percent(right), "after")
    if bar.left >= 0.3:
        return Label(text, percent(bar.left), "before")
    return Label(text, percent(bar.left + bar.width / 2), "inside")


class _Drawing:
    def __init__(
        self,
        fall: Waterfall,
        spans: Mapping[int, Span],
        stored: Stored,
        attempts: Iterable[Attempt],
        hues: Mapping[str, int],
    ) -> None:
        self.fall, self.spans, self.hues = fall, spans, hues
        self.connections, self.orphans = stored.connections, stored.orphans
        self.candidates = stored.candidates
        self.attempts = {(each["trace_id"], each["span_id"]): each for each in attempts}

    def row(self, number: int, *, folded: bool) -> RowView:
        before = self.fall.row_traces[number - 1] if number else 0
        row = self.fall[number]
        trace_id = self.fall.traces[row.trace] if row.trace != before or number == 0 else None
        return replace(
            self._told(row),
            number=number,
            indent=min(row.depth, _DEEPEST),
            level=row.depth + 1,
            trace=row.trace % TRACE_COLOURS,
            trace_id=trace_id,
            below=self.fall.sizes[number] - 1,
            folded=folded,
        )

    def _told(self, row: Row) -> RowView:
        if isinstance(row, SpanRow):
            return self._span(row)
        if isinstance(row, HandoverRow):
            return self._handover(row)
        if isinstance(row, CandidateRow):
            return self._candidate(row)
        return self._cut(row)

    def _beside(self, start: int, end: int) -> Literal["before", "after"] | None:
        """Of what lies outside of the part of the time that is shown."""
        if end < self.fall.scale.start:
            return "before"
        return "after" if start > self.fall.scale.end else None

    def _span(self, row: SpanRow) -> RowView:
        span = self.spans[row.span]
        picture = self.fall.picture
        beside = self._beside(picture.start[row.span], picture.end[row.span])
        error = span["status"] == "ERROR"
        duration = say_duration(span["end_time_unix_nano"] - span["start_time_unix_nano"])
        problem = (name_error(span) or "error") if error else None
        return RowView(
            kind="span",
            anchor=None if row.span in self.fall.repeated else f"span-{span['span_id']}",
            href=f"/spans/{span['trace_id']}/{span['span_id']}",
            name=cut_text(span["name"], _LONGEST) or "(no name)",
            service=cut_text(say_service(span["service_name"]), _LONGEST),
            hue=self._hue(span["service_name"]),
            mark="",
            error=error,
            chips=tuple(self._span_chips(span, row)),
            left=percent(row.bar.left),
            width=percent(row.bar.width),
            label=_label(f"✕ {duration} · {problem}" if problem else duration, row.bar),
            spoken=f"{duration}, failed: {problem}" if problem else duration,
            beside=beside,
        )

    def _span_chips(self, span: Span, row: SpanRow) -> list[Chip]:
        chips = []
        attempt = self.attempts.get((span["trace_id"], span["span_id"]))
        if attempt is not None and attempt["outcome"] != "dead-letter":
            failed = attempt["outcome"] == "error"
            chips.append(Chip(f"attempt {attempt['attempt']}", "bad" if failed else ""))
        elif attempt is not None:
            chips.append(Chip("dead letter", "bad"))
        if row.orphan is not None:
            orphan = self.orphans[row.orphan]
            quiet = orphan["expected"]
            chips.append(
                Chip(
                    "expected orphan" if quiet else "orphan root",
                    "" if quiet else "warn",
                    f"/orphans/{group_key_of_orphan(orphan)}",
                )
            )
        chips += [Chip(note["title"].rstrip("."), "note") for note in span["notes"]]
        return chips

    def _hue(self, service: str | None) -> int:
        return self.hues.get(service or "", 0)

    def _handover(self, row: HandoverRow) -> RowView:
        connection = self.connections[row.connection]
        system = say_system(connection["system"])
        chips = [Chip(system)] if system else []
        chips.append(replace(relation_chip(connection, cut=row.cut), why=row.connection))
        if connection["dead_letter"]:
            chips.insert(1 if system else 0, Chip("dead letter", "bad"))
        codes = {note["code"] for note in connection["notes"]}
        chips += [Chip(_NOTED[code], "note") for code in _NOTED if code in codes]
        other = connection["producer" if row.way == "from outside" else "consumer"]
        name = connection["destination"] or "hand-over"
        href = None
        if row.way != "drawn":
            word = {"from outside": "from", "to outside": "to", "elsewhere": "also to"}[row.way]
            name = f"{name} {word} {other['span_name']} in {say_service(other['service_name'])}"
            anchor = f"#span-{other['span_id']}"
            elsewhere = f"/journeys?trace_id={other['trace_id']}{anchor}"
            href = anchor if row.way == "elsewhere" else elsewhere
        spoken = self._wait_words(row)
        return RowView(
            kind="handover",
            href=href,
            name=cut_text(name, _LONGEST),
            mark="⇢" if row.cut else "↻" if row.again else "↳",
            relation=relation_of(connection, cut=row.cut),
            chips=tuple(chips),
            left=None if row.wait is None else percent(row.wait.left),
            width=None if row.wait is None else percent(row.wait.width),
            label=None if row.wait is None else _label(spoken, row.wait),
            spoken=spoken,
        )

    def _wait_words(self, row: HandoverRow) -> str:
        if row.wait_nano is None:
            return "wait not known"
        if row.wait_nano < 0:
            early = f"starts {say_duration(-row.wait_nano)} before the send ended"
            offset = self.connections[row.connection]["clock_offset_nano"]
            return (
                early
                if offset is None
                else f"{early}, clocks differ by {say_duration(abs(offset))}"
            )
        if row.again:
            moved = self.connections[row.connection]["dead_letter"]
            word = "moved and read after" if moved else "again after"
            return f"{word} {say_duration(row.wait_nano)}{self._folded(row)}"
        return f"waited {say_duration(row.wait_nano)}{self._folded(row)}"

    def _folded(self, row: HandoverRow) -> str:
        if row.wait is None:
            return ""
        left, right = row.wait.left, row.wait.left + row.wait.width
        folds: tuple[Segment, ...] = self.fall.scale.folds
        return ", folded" if any(left <= f.left and f.right <= right for f in folds) else ""

    def _candidate(self, row: CandidateRow) -> RowView:
        candidate = self.candidates[row.candidate]
        root, send = candidate["consumer"], candidate["producer"]
        told = f"{say_rule(candidate['rule'])} · {say_confidence(candidate['confidence'])}"
        wait = candidate["wait_nano"]
        before = "" if wait is None or wait < 0 else f", {say_duration(wait)} before"
        spoken = f"may have sent it{before}"
        place = Bar(max(row.place - 0.06, 0), min(row.place, 0.06))
        return RowView(
            kind="candidate",
            href=span_address(send["trace_id"], send["span_id"]),
            name=cut_text(send["span_name"], _LONGEST) or "(no name)",
            service=cut_text(say_service(send["service_name"]), _LONGEST),
            mark="?",
            relation="candidate",
            chips=(Chip(told, "", f"/candidates/{root['trace_id']}/{root['span_id']}"),),
            left=percent(place.left),
            width=percent(place.width),
            label=_label(spoken, place),
            spoken=spoken,
        )

    def _cut(self, row: CutRow) -> RowView:
        orphan = self.orphans[row.orphan]
        address = f"/orphans/{group_key_of_orphan(orphan)}"
        code = orphan["cause"]["code"]
        told = f"{code} · {say_confidence(orphan['cause']['confidence'])}"
        system = say_system(orphan["system"])
        chips = [Chip(system)] if system else []
        if orphan["expected"]:
            chips.append(Chip(f"{code} · expected", "", address))
        else:
            chips.append(Chip(f"cut · {told}", "warn", address))
        return RowView(
            kind="cut",
            href=address,
            name=cut_text(orphan["destination"] or "unknown destination", _LONGEST),
            mark="⇢",
            relation="cut",
            chips=tuple(chips),
            left=percent(max(row.place - 0.06, 0)),
            width=percent(min(row.place, 0.06)),
            spoken="no producer found",
        )
