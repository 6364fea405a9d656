"""The waterfall as the templates draw it: rows of layout with their words and colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from web.reports import group_key_of_orphan
from web.sentences import name_error
from web.shapes import Connection, End, Orphan
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
    span_ids,
)
from web.words import (
    say_confidence,
    say_duration,
    say_rule,
    say_service,
    say_system,
    say_tick,
    shorten_id,
)

TRACE_COLOURS = 6
_DEEPEST = 10  # further indentation would push the names out of sight
Relation = Literal["propagated", "link", "stitch", "candidate", "cut"]


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    look: str = ""  # class of style.css: bad, warn, stitch, calm
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """Text beside a bar: at `place`, to the right of it or (`before`) to the left."""

    text: str
    place: str
    before: bool


@dataclass(frozen=True, slots=True)
class RowView:
    kind: Literal["span", "handover", "cut"]
    anchor: str | None  # id of the row; None for a second span with the same id
    href: str | None
    name: str
    service: str | None
    hue: int | None
    indent: int
    level: int  # 1 at the left, for assistive technology
    trace: int
    trace_id: str | None  # where it changes
    mark: str  # ↳ ↻ ⇢ before a hand-over
    relation: Relation | None
    error: bool
    chips: tuple[Chip, ...]
    left: str | None  # per cent
    width: str | None
    label: Label | None
    spoken: str  # what the bar says


@dataclass(frozen=True, slots=True)
class TickView:
    place: str
    text: str
    folded: bool
    last: bool
    first: bool


@dataclass(frozen=True, slots=True)
class BlockView:
    """A span on the minimap: lane 0–7 from the top."""

    left: str
    width: str
    lane: int
    hue: int
    error: bool


@dataclass(frozen=True, slots=True)
class ReasonView:
    """Why two spans belong together."""

    producer: End
    consumer: End
    destination: str | None
    chip: Chip
    relation: Relation
    fields: tuple[tuple[str, str, str], ...]  # field, producer's value, consumer's value
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaterfallView:
    rows: tuple[RowView, ...]
    ticks: tuple[TickView, ...]
    folds: tuple[tuple[str, str], ...]  # left and width
    blocks: tuple[BlockView, ...]
    reasons: tuple[ReasonView, ...]
    queue_nano: int
    traces: int
    folded: bool


def view_waterfall(
    spans: Sequence[Span],
    connections: Sequence[Connection],
    orphans: Sequence[Orphan],
    attempts: Sequence[Attempt],
    hues: Mapping[str, int],
    *,
    true_scale: bool = False,
) -> WaterfallView:
    layout = lay_out(spans, connections, orphans, true_scale=true_scale)
    drawing = _Drawing(spans, connections, orphans, attempts, hues, layout)
    return WaterfallView(
        rows=tuple(drawing.rows()),
        ticks=tuple(_ticks(layout)),
        folds=tuple((_percent(f.left), _percent(f.right - f.left)) for f in layout.scale.folds),
        blocks=tuple(drawing.blocks()),
        reasons=tuple(view_reason(each, _cut(each, orphans)) for each in connections),
        queue_nano=layout.queue_nano,
        traces=len(layout.traces),
        folded=bool(layout.scale.folds),
    )


def span_address(trace_id: str, span_id: str) -> str:
    return f"/traces/{trace_id}#span-{span_id}"


def relation_of(connection: Connection, *, cut: bool) -> Relation:
    if cut:
        return "cut"
    if connection["confidence"] < 0.8:
        return "candidate"
    known: Relation = "propagated" if connection["relation"] == "parent" else "link"
    return "stitch" if connection["relation"] == "stitch" else known


def relation_chip(connection: Connection, *, cut: bool) -> Chip:
    relation = relation_of(connection, cut=cut)
    inferred = connection["relation"] == "stitch"
    told = f"{say_rule(connection['rule'])} · {say_confidence(connection['confidence'])}"
    if relation == "cut":
        return Chip(f"cut · {told}" if inferred else "cut", "warn")
    if relation in ("stitch", "candidate"):
        return Chip(told, "stitch" if relation == "stitch" else "")
    return Chip("propagated" if relation == "propagated" else "link", "calm")


def view_reason(connection: Connection, cut: bool) -> ReasonView:
    return ReasonView(
        producer=connection["producer"],
        consumer=connection["consumer"],
        destination=connection["destination"],
        chip=Chip(
            f"{say_rule(connection['rule'])} · {say_confidence(connection['confidence'])}"
            if connection["relation"] == "stitch"
            else say_rule(connection["rule"]),
            "stitch" if connection["relation"] == "stitch" else "calm",
        ),
        relation=relation_of(connection, cut=cut),
        fields=tuple(
            (each["field"], str(each["producer"] or "–"), str(each["consumer"] or "–"))
            for each in connection["evidence"]
        ),
        notes=tuple(note["title"] for note in connection["notes"]),
    )


def _cut(connection: Connection, orphans: Sequence[Orphan]) -> bool:
    end = connection["consumer"]
    return any(span_ids(orphan) == (end["trace_id"], end["span_id"]) for orphan in orphans)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3f}%"


def _ticks(layout: Waterfall) -> list[TickView]:
    ticks = layout.scale.ticks()
    return [
        TickView(
            place=_percent(tick.place),
            text=f"{say_duration(tick.nano)} later" if tick.folded else say_tick(tick.nano),
            folded=tick.folded,
            first=number == 0,
            last=number == len(ticks) - 1,
        )
        for number, tick in enumerate(ticks)
    ]


def _label(text: str, bar: Bar) -> Label | None:
    right = bar.left + bar.width
    if right <= 0.78:
        return Label(text, _percent(right), before=False)
    if bar.left >= 0.2:
        return Label(text, _percent(bar.left), before=True)
    return Label(text, _percent(0.5), before=False) if False else None


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
            label=_label(f"{duration} · {problem}" if problem else duration, row.bar),
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
            chips.insert(1 if system else 0, Chip("dead-letter queue", "bad"))
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
            return f"starts {say_duration(-row.wait_nano)} before the send ended"
        if row.again:
            return f"again after {say_duration(row.wait_nano)}"
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


def journey_address(key: str, value: str) -> str:
    return f"/journeys?attribute={quote(f'{key}={value}', safe='=', errors='replace')}"


def short_trace(trace_id: str) -> str:
    return shorten_id(trace_id)
