"""A cause in one line for people: the same words in every text."""

from collections.abc import Iterable, Mapping
from typing import Any

from tracestitch.terminal import clean
from web.words import say_confidence


def name_cause(code: str, title: str) -> str:
    return f"{clean(code)} {clean(title)}"


def tell_cause(code: str, title: str, confidence: float, others: Iterable[str] = ()) -> str:
    """With how sure it is, and the codes of what it may be else. A cause that cannot be told
    has no confidence."""
    sure = f", confidence {say_confidence(confidence)}" if confidence > 0 else ""
    perhaps = ", ".join(map(clean, others))
    return name_cause(code, title) + sure + (f" (perhaps {perhaps})" if perhaps else "")


def tell_cause_of(orphan: Mapping[str, Any]) -> str:
    """Of an orphan root as the API tells it."""
    cause = orphan["cause"]
    others = [other["code"] for other in orphan["other_causes"]]
    return tell_cause(cause["code"], cause["title"], cause["confidence"], others)
