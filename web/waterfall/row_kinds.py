"""The rows of a waterfall, as web/waterfall/layout.py lays them out."""

from dataclasses import dataclass
from typing import Literal

Way = Literal["drawn", "elsewhere", "from outside", "to outside"]


@dataclass(frozen=True, slots=True)
class Bar:
    """Fractions of the lane; without width at its edge where it lies beside what is shown."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class SpanRow:
    """`trace` is the number of the trace in order of rows."""

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
    """An orphan root whose producer nobody knows; the root follows, after its
    candidates."""

    orphan: int
    depth: int
    trace: int
    place: float


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A send that may have led to an orphan root and is not sure enough to be drawn: a
    reference, whose send stands wherever its own trace is drawn. The root follows; `place`
    is that of its start."""

    candidate: int
    depth: int
    trace: int
    place: float


Row = SpanRow | HandoverRow | CutRow | CandidateRow
