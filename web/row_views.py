"""What the template of a waterfall needs, row by row. Places and widths are per cent."""

from dataclasses import dataclass
from typing import Literal

from web.relations import Chip, ReasonView, Relation


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a bar: starting, ending or centred at `place`."""

    text: str
    place: str
    side: Literal["after", "before", "inside"]


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
class WaterfallView:
    rows: tuple[RowView, ...]
    ticks: tuple[TickView, ...]
    folds: tuple[tuple[str, str], ...]  # left and width
    blocks: tuple[BlockView, ...]
    reasons: tuple[ReasonView, ...]
    queue_nano: int
    traces: int
    folded: bool
