"""Claims, which assertions hold against what was seen, and what all of them say. Pure.

A claim is a function of what was seen; its answer says what is missing or wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tracestitch.cause_text import tell_cause_of
from tracestitch.terminal import clean
from tracestitch.testing.seen import Ids, Seen, Told
from web.words import say_service

_MOST_LINES = 10


@dataclass(frozen=True)
class Failure:
    sentence: str
    """What does not hold, as the head of a text."""
    lines: Sequence[str] = ()
    at: Sequence[Ids] = ()
    """Spans whose journeys show it."""
    missing: Sequence[str] = ()
    """Names of spans that were not seen."""


Claim = Callable[[Seen], Failure | None]


def find_missing(seen: Seen, names: Sequence[str]) -> Failure | None:
    """What stands in the way of any claim."""
    if not seen.spans:
        return Failure("No spans were seen, so nothing was checked", missing=names)
    counts = Counter(span["name"] for span in seen.spans)
    missing = [name for name, times in Counter(names).items() if counts[name] < times]
    if not missing:
        return None
    wanted = " and ".join(
        f"{times} × {clean(name)}" if times > 1 else clean(name)
        for name, times in Counter(names).items()
        if name in missing
    )
    return Failure(f"Not seen: {wanted}", missing=missing)


def count_lines(lines: Iterable[str]) -> list[str]:
    """Each once, the most frequent first, with how often it was there."""
    counts = Counter(lines)
    told = [line if n == 1 else f"{n} × {line}" for line, n in counts.most_common(_MOST_LINES)]
    left = len(counts) - len(told)
    return [*told, f"and {left} others"] if left > 0 else told


def tell_span(span: Told) -> str:
    return f"{clean(span['name'])} in {clean(say_service(span['service_name']))}"


def tell_orphan(orphan: Told) -> str:
    return f"orphan root, {tell_cause_of(orphan)}"
