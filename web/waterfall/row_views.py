"""What the template of a waterfall needs, row by row. Places and widths are per cent."""

from dataclasses import dataclass
from typing import Literal

from web.waterfall.rails import RailPart
from web.waterfall.relations import Chip, Relation


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a bar: starting, ending or centred at `place`."""

    text: str
    place: str
    side: Literal["after", "before", "inside"]


@dataclass(frozen=True, slots=True)
class RowView:
    kind: Literal["span", "handover", "cut", "candidate"]
    anchor: str | None  # id of the row; None for a second span with the same id
    href: str | None
    name: str
    service: str | None
    hue: int | None
    indent: int
    level: int  # 1 at the left, for assistive technology
    trace: int  # colour
    trace_id: str | None  # where it changes
    mark: str  # ↳ ↻ ⇢ ? before a hand-over
    relation: Relation | None
    error: bool
    chips: tuple[Chip, ...]
    left: str | None  # per cent
    width: str | None
    label: Label | None
    spoken: str  # what the bar says
    critical: tuple[tuple[str, str], ...] = ()  # left and width of what is on the critical path
    beside: Literal["before", "after"] | None = None  # where it lies outside of what is shown
    rails: tuple[RailPart, ...] = ()  # that join the attempts at a message
    number: int = 0  # of the row
    below: int = 0  # rows that folding it hides
    folded: bool = False
