"""How far the clocks of two services differ, as far as their hand-overs prove it.

A message cannot be handled before its send began. Over the hand-overs from one service
to another the smallest (consumer start − producer start) is the fastest way plus the
offset of the consumer's clock; where it is negative, that clock is behind by at least as
much. The smallest of the way back bounds the offset from the other side, and with both
ways the middle is the estimate, as in NTP (RFC 5905 §8); with one way only the bound is.
Receive spans that started before their message existed (polls) say nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Pair = tuple[object, object]  # the producer's and the consumer's service


@dataclass(frozen=True, slots=True)
class Handover:
    """`gap` is consumer start − producer start in nanoseconds."""

    pair: Pair
    gap: int


@dataclass(frozen=True, slots=True)
class Offset:
    """The consumer's clock minus the producer's, in nanoseconds. `both_ways`: estimated
    from hand-overs in both directions, else the least that hand-overs prove."""

    nano: int
    both_ways: bool


def estimate_offsets(handovers: Iterable[Handover]) -> Mapping[Pair, Offset]:
    """Of each pair of services whose times contradict a hand-over, both directions."""
    least: dict[Pair, int] = {}
    for handover in handovers:
        least[handover.pair] = min(handover.gap, least.get(handover.pair, handover.gap))
    found: dict[Pair, Offset] = {}
    for (producer, consumer), gap in least.items():
        if gap >= 0 or producer == consumer:
            continue
        back = least.get((consumer, producer))
        offset = Offset(gap, both_ways=False)
        if back is not None:
            offset = Offset((gap - back) // 2, both_ways=True)
        found[producer, consumer] = offset
        found.setdefault((consumer, producer), Offset(-offset.nano, offset.both_ways))
    return found
