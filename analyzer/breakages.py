"""Whether hand-overs that broke are still broken, and which change broke them.

Worked out from how many hand-overs of one kind connected before, between and after the ones
that broke (`SpanStore.orphan_groups`): when spans started, never what time it is now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Literal

State = Literal["broken", "healed", "expected", "unsettled"]
Versioned = Literal["service", "scope"]
STATES: tuple[State, ...] = ("broken", "healed", "expected", "unsettled")

_FEWEST = 3
_SILENT_NANO = 3_600_000_000_000  # as long as the recent figures of monitoring go back
_VERSIONED: tuple[Versioned, ...] = ("service", "scope")


@dataclass(frozen=True, slots=True)
class VersionChange:
    """Hand-overs connected under one version, and the first under another broke."""

    of: Versioned
    """`service.version`, or the version of the instrumentation scope."""
    good: str
    bad: str


def state_of(group: Mapping[str, Any]) -> State:
    """Of a row of `orphan_groups`. One that may still connect did not break yet."""
    if group["expected"]:
        return "expected"
    if not group["settled_count"]:
        return "unsettled"
    proof = connections_that_heal(broken_share(group))
    return "healed" if group["connected_after"] >= proof else "broken"


def silent_since(group: Mapping[str, Any], newest_unix_nano: int) -> int | None:
    """When the last hand-over of a broken group began, where other spans go on for an hour
    more: nothing tells whether it would break now. `newest_unix_nano` is when the newest span
    ended. None of other groups."""
    if state_of(group) != "broken" or group["connected_after"]:
        return None
    last: int = group["last_seen_unix_nano"]
    return last if newest_unix_nano - last >= _SILENT_NANO else None


def count_once(group: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `orphan_groups` whose messages connected by their receive spans, and whose
    handlings broke: each is one message, broken, and does not count as connected beside it.
    Its receive span began before it, so that of the first root before all of them."""
    count = group["count"]
    before = min(1, count, group["connected_before"])
    near = group["near_connected"]
    broken, connected = list(group["trend_broken"]), list(group["trend_connected"])
    owed = 0
    for place in reversed(range(len(broken))):
        owed += broken[place]
        own = min(owed, connected[place])
        connected[place] -= own
        owed -= own
    return {
        **group,
        "connected_before": group["connected_before"] - before,
        "connected_between": max(0, group["connected_between"] - (count - before)),
        "near_connected": None if near is None else max(0, near - count),
        "trend_connected": connected,
    }


def broken_share(group: Mapping[str, Any]) -> Fraction:
    """Of the hand-overs while they broke, how many did.

    The share from the first root to the last; or, where they broke in several spells with
    good times between, the share among the others near in time to a broken one. Counting
    only the others leaves a break that strikes at random as rare as it is.
    """
    whole = Fraction(group["count"], group["count"] + group["connected_between"])
    near = group["near_broken"] + group["near_connected"]
    return max(whole, Fraction(group["near_broken"], near)) if near else whole


def connections_that_heal(share: Fraction) -> int:
    """How many hand-overs in a row must connect until the break would have shown again.

    The rule of three: when something that happens with the share p did not happen in n
    trials, p is below 3/n with 95 % confidence (Hanley and Lippman-Hand, "If nothing goes
    wrong, is everything all right?", JAMA 249(13), 1983).
    """
    return max(_FEWEST, ceil(3 / share))


def find_version_change(group: Mapping[str, Any]) -> VersionChange | None:
    """None where nothing connected before, where the first broken one has no version, and
    where its version did connect before: then something else changed."""
    for of in _VERSIONED:
        bad, good = group[f"first_{of}_version"], group[f"good_{of}_version"]
        if bad and good and not group[f"same_{of}_version"]:
            return VersionChange(of, good, bad)
    return None


def was_always_broken(group: Mapping[str, Any]) -> bool:
    """No hand-over like these connected up to the last of them."""
    return not group["connected_before"] and not group["connected_between"]
