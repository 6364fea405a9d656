"""The waterfall as the templates draw it: rows of layout with their words and colours."""

from collections.abc import Mapping, Sequence

from web.family import span_ids
from web.relations import Chip, is_cut, relation_chip, relation_of, view_reason
from web.reports import group_key_of_orphan
from web.row_views import BlockView, Label, RowView, TickView, WaterfallView
from web.sentences import name_error
from web.shapes import Connection, Orphan
from web.timescale import Segment
from web.trace_shapes import Attempt, Span
from web.waterfall import (
    Bar,
    CutRow,
    HandoverRow,
    Row,
    SpanRow,
    Waterfall,
    lay_out,
)
from web.words import (
    say_confidence,
    say_duration,
    say_service,
    say_system,
    say_tick,
)

TRACE_COLOURS = 6
_SHORT = 18  # letters that find room beside a bar on a phone
_NOTED = {"clock-offset": "clocks differ", "order": "out of turn"}
_DEEPEST = 10  # further indentation would push the names out of sight


def view_waterfall(
    spans: Sequence[Span],
    connections: Sequence[Connection],
    orphans: Sequence[Orphan],
    attempts: Sequence[Attempt],
    hues: Mapping[str, int],
    *,
    true_scale: bool = False,
) -> WaterfallView:
    roots = {span_ids(orphan) for orphan in orphans}
    layout = lay_out(spans, connections, orphans, true_scale=true_scale)
    drawing = _Drawing(spans, connections, orphans, attempts, hues, layout)
    return WaterfallView(
        rows=tuple(drawing.rows()),
        ticks=tuple(_ticks(layout)),
        folds=tuple((_percent(f.left), _percent(f.right - f.left)) for f in layout.scale.folds),
        blocks=tuple(drawing.blocks()),
        reasons=tuple(view_reason(each, cut=is_cut(each, roots)) for each in connections),
        queue_nano=layout.queue_nano,
        traces=len(layout.traces),
        folded=bool(layout.scale.folds),
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3f}%"


def _ticks(layout: Waterfall) -> list[TickView]:
    ticks = layout.scale.ticks()
    return [
        TickView(
            place=_percent(tick.place),
            text=f"… {say_duration(tick.nano)} …" if tick.folded else say_tick(tick.nano),
            folded=tick.folded,
            first=number == 0,
            last=number == len(ticks) - 1,
        )
        for number, tick in enumerate(ticks)
    ]


def _label(text: str, bar: Bar) -> Label:
    right = bar.left + bar.width
    if right <= (0.66 if len(text) <= _SHORT else 0.5):
        return Label(text, _percent(right), "after")
    if bar.left >= 0.3:
        return Label(text, _percent(bar.left), "before")
    return Label(text, _percent(bar.left + bar.width / 2), "inside")


class _Drawing:
    def __init__(
        self,
        spans: Sequence[Span],
        connections: Sequence[Connection],
        orphans: Sequence[Orphan],
        attempts: Sequence[Attempt],
        hues: Mapping[str, int],
        layout: Waterfall,
    ) -> None:
        self.spans, self.connections, self.orphans = spans, connections, orphans
        self.hues, self.layout = hues, layout
        self.attempts = {(each["trace_id"], each["span_id"]): each for each in attempts}
        self.anchors: set[str] = set()

    def rows(self) -> list[RowView]:
        before = 0
        found = []
        for row in self.layout.rows:
            changed = row.trace != before
            before = row.trace
            found.append(self._row(row, self.layout.traces[row.trace] if changed else None))
        return found

    def _row(self, row: Row, trace_id: str | None) -> RowView:
        if isinstance(row, SpanRow):
            return self._span(row, trace_id)
        if isinstance(row, HandoverRow):
            return self._handover(row, trace_id)
        return self._cut(row, trace_id)

    def _span(self, row: SpanRow, trace_id: str | None) -> RowView:
        span = self.spans[row.span]
        error = span["status"] == "ERROR"
        duration = say_duration(span["end_time_unix_nano"] - span["start_time_unix_nano"])
        problem = (name_error(span) or "error") if error else None
        anchor = f"span-{span['span_id']}"
        fresh = anchor not in self.anchors
        self.anchors.add(anchor)
        return RowView(
            kind="span",
            anchor=anchor if fresh else None,
            href=f"/spans/{span['trace_id']}/{span['span_id']}",
            name=span["name"] or "(no name)",
            service=say_service(span["service_name"]),
            hue=self._hue(span["service_name"]),
            indent=min(row.depth, _DEEPEST),
            level=row.depth + 1,
            trace=row.trace % TRACE_COLOURS,
            trace_id=trace_id,
            mark="",
            relation=None,
            error=error,
            chips=tuple(self._span_chips(span, row)),
            left=_percent(row.bar.left),
            width=_percent(row.bar.width),
            label=_label(f"✕ {duration} · {problem}" if problem else duration, row.bar),
            spoken=f"{duration}, failed: {problem}" if problem else duration,
        )

    def _span_chips(self, span: Span, row: SpanRow) -> list[Chip]:
        chips = []
        attempt = self.attempts.get(span_ids(span))
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

    def _handover(self, row: HandoverRow, trace_id: str | None) -> RowView:
        connection = self.connections[row.connection]
        system = say_system(connection["system"])
        chips = [Chip(system)] if system else []
        chips.append(relation_chip(connection, cut=row.cut))
        if connection["dead_letter"]:
            chips.insert(1 if system else 0, Chip("dead-letter", "bad"))
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
            anchor=None,
            href=href,
            name=name,
            service=None,
            hue=None,
            indent=min(row.depth, _DEEPEST),
            level=row.depth + 1,
            trace=row.trace % TRACE_COLOURS,
            trace_id=trace_id,
            mark="⇢" if row.cut else "↻" if row.again else "↳",
            relation=relation_of(connection, cut=row.cut),
            error=False,
            chips=tuple(chips),
            left=None if row.wait is None else _percent(row.wait.left),
            width=None if row.wait is None else _percent(row.wait.width),
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
        folds: tuple[Segment, ...] = self.layout.scale.folds
        return ", folded" if any(left <= f.left and f.right <= right for f in folds) else ""

    def _cut(self, row: CutRow, trace_id: str | None) -> RowView:
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
            anchor=None,
            href=address,
            name=orphan["destination"] or "unknown destination",
            service=None,
            hue=None,
            indent=min(row.depth, _DEEPEST),
            level=row.depth + 1,
            trace=row.trace % TRACE_COLOURS,
            trace_id=trace_id,
            mark="⇢",
            relation="cut",
            error=False,
            chips=tuple(chips),
            left=_percent(max(row.place - 0.06, 0)),
            width=_percent(min(row.place, 0.06)),
            label=None,
            spoken="no producer found",
        )

    def blocks(self) -> list[BlockView]:
        """At most 600 spans: more would be narrower than a pixel."""
        spans = [row for row in self.layout.rows if isinstance(row, SpanRow)]
        step = -(-len(spans) // 600)
        chosen = spans[::step]
        return [
            BlockView(
                left=_percent(row.bar.left),
                width=_percent(row.bar.width),
                lane=number * 8 // max(len(chosen), 8),
                hue=self._hue(self.spans[row.span]["service_name"]),
                error=self.spans[row.span]["status"] == "ERROR",
            )
            for number, row in enumerate(chosen)
        ]
