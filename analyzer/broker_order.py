"""Order that the broker kept and the timestamps contradict.

Within a partition, or a FIFO message group, the broker's offset or sequence number is the
order. A message handled, by its first attempt, before one that stands ahead of it was
handled in parallel or out of turn, or the clocks differ: shown, never corrected.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.ancestry import SpanId


@dataclass(frozen=True, slots=True)
class Placed:
    """A delivery, the line that the broker kept in order (partition or message group, and
    who reads it), the message's place in it and when handling began."""

    span: SpanId
    line: tuple[object, ...]
    place: int
    start: int


def find_contradictions(deliveries: Iterable[Placed]) -> Mapping[SpanId, Placed]:
    """Of each delivery that began before one ahead of it in its line: of those
    the one that began last. Only first attempts count."""
    lines: dict[tuple[object, ...], dict[int, Placed]] = defaultdict(dict)
    for delivery in sorted(deliveries, key=lambda each: (each.start, each.span)):
        lines[delivery.line].setdefault(delivery.place, delivery)
    found: dict[SpanId, Placed] = {}
    for line in lines.values():
        latest: Placed | None = None  # began last of all ahead
        for place in sorted(line):
            delivery = line[place]
            if latest is not None and delivery.start < latest.start:
                found[delivery.span] = latest
            if latest is None or delivery.start >= latest.start:
                latest = delivery
    return found
