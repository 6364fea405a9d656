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
    href: str | None
    name: str
    mark: str  # ↳ ↻ ⇢ ? before a hand-over
    chips: tuple[Chip, ...]
    left: str | None  # per cent
    width: str | None
    spoken: str  # what the bar says
    label: Label | None = None
    anchor: str | None = None  # id of the row; None for a second span with the same id
    service: str | None = None
    hue: int | None = None
    relation: Relation | None = None
    error: bool = False
    critical: tuple[tuple[str, str], ...] = ()  # left and width of what is on the critical path
    beside: Literal["before", "after"] | None = None  # where it lies outside of what is shown
    rails: tuple[RailPart, ...] = ()  # that join the attempts at a message
    number: int = 0  # of the row
    indent: int = 0
    level: int = 1  # 1 at the left, for assistive technology
    trace: int = 0  # colour
    trace_id: str | None = None  # where it changes
    below: int = 0  # rows that folding it hides
    folded: bool = False
