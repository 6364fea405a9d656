"""What a journey is called at the head of its page. Pure."""

from collections import Counter
from collections.abc import Sequence

from web.shapes import CorrelationId


def name_work(related: Sequence[CorrelationId]) -> CorrelationId | None:
    """The id that readers know a journey by that was asked by a trace: the first id of the
    work, not of a message, whose key has one value in it. None where there is none, or where
    several pieces of work share the traces."""
    values = Counter(each["key"] for each in related)
    own = (each for each in related if not of_message(each))
    return next((each for each in own if values[each["key"]] == 1), None)


def name_once(related: Sequence[CorrelationId]) -> list[CorrelationId]:
    """Ids of the work before those of a message; a value that several keys have at the first."""
    told: dict[str, CorrelationId] = {}
    for each in sorted(related, key=of_message):
        told.setdefault(each["value"], each)
    return list(told.values())


def of_message(each: CorrelationId) -> bool:
    return each["key"].startswith("messaging.")
