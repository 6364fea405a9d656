"""What a failed assertion says: what does not hold, the journey with the broken hop, its cause
and fix, or which spans were seen instead. Pure."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracestitch.journey_text import draw_journey
from tracestitch.terminal import clean
from tracestitch.testing.claims import Failure
from tracestitch.testing.seen import Seen, Told
from web.words import say_plural, say_service

_MOST_NAMES = 20
_MOST_TREE_LINES = 200


@dataclass(frozen=True)
class Circumstances:
    """What may explain why something was not seen."""

    waited_seconds: float
    sources: str
    """Where spans could have come from, as a sentence."""
    begun: Mapping[str, int]
    """Names of spans that have not ended."""
    flaws: Sequence[str]


def tell_failure(
    failure: Failure, seen: Seen, journeys: Sequence[Told], circumstances: Circumstances
) -> str:
    """The journeys are those of the failure's spans."""
    waited = circumstances.waited_seconds
    lines = [f"{failure.sentence} (waited {waited:.1f} s)."]
    lines += [f"  {line}" for line in failure.lines]
    if failure.missing or not failure.at:
        lines += _tell_seen(failure, seen)
        lines += [circumstances.sources]
        if circumstances.begun:
            names = ", ".join(_times(clean(name), n) for name, n in circumstances.begun.items())
            lines.append(f"Begun and not ended, so not seen: {names}.")
    lines += map(clean, circumstances.flaws)
    for journey in journeys:
        tree = draw_journey(journey).splitlines()
        lines += ["", *tree[:_MOST_TREE_LINES]]
        if len(tree) > _MOST_TREE_LINES:
            lines.append(f"… and {len(tree) - _MOST_TREE_LINES:,} more lines")
    return "\n".join(lines)


def _tell_seen(failure: Failure, seen: Seen) -> list[str]:
    if not seen.spans:
        return []
    names = Counter((s["service_name"], s["name"]) for s in seen.spans)
    lines = ["Seen in this test:"]
    lines += [
        f"  {clean(say_service(service))}: {_times(clean(name), n)}"
        for (service, name), n in names.most_common(_MOST_NAMES)
    ]
    if len(names) > _MOST_NAMES:
        lines.append(f"  and {say_plural(len(names) - _MOST_NAMES, 'other name')}")
    known = sorted({name for _, name in names})
    for name in failure.missing:
        near = [n for n in difflib.get_close_matches(name, known, n=1) if n != name]
        lines += [f"Is {clean(name)} perhaps {clean(n)}?" for n in near]
    return lines


def _times(name: str, number: int) -> str:
    return name if number == 1 else f"{number} × {name}"
