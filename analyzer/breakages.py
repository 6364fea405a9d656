"""Whether hand-overs that broke are still broken, and which change broke them.

Worked out from how many hand-overs of one kind connected before, between and after the ones
that broke (`SpanStore.orphan_groups`): when spans started, never what time it is now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["broken", "healed", "expected", "unsettled"]
Versioned = Literal["service", "scope"]
STATES: tuple[State, ...] = ("broken", "healed", "expected", "unsettled")

_FEWEST = 3
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
    proof = connections_that_heal(group["count"], group["connected_between"])
    return "healed" if group["connected_after"] >= proof else "broken"


def connections_that_heal(broken: int, connected: int) -> int:
    """How many hand-overs in a row must connect until the break would have shown again.

    The rule of three: when something that happens with the share p did not happen in n
    trials, p is below 3/n with 95 % confidence (Hanley and Lippman-Hand, "If nothing goes
    wrong, is everything all right?", JAMA 249(13), 1983). p is the broken share from the
    first broken hand-over to the last.
    """
    return max(_FEWEST, -(-3 * (broken + connected) // broken))


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
