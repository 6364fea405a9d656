"""Amazon EventBridge."""

from analyzer.case import HOUR_NANO, Case
from analyzer.conditions import Finding, condition


@condition("event")
def event(case: Case) -> bool:
    """The message came over an event bus that somebody sends to, without context."""
    sender = case.facts["producer_system"]
    over_bus = (
        case.system == "aws_eventbridge"
        or sender == "aws_eventbridge"
        or (sender is None and "aws_eventbridge" in case.bridges)
    )
    return not case.arrived and over_bus and case.reachable


def _say_done(_case: Case) -> Finding:
    return Finding(
        "business id", "seen before", "This work came here minutes before, and was done."
    )


@condition("done here before", _say_done)
def done_before(case: Case) -> bool:
    """The same business id came to this consumer minutes before, and the work did not fail."""
    return bool(case.facts["repeats"] == "done")


def _say_late(case: Case) -> Finding:
    hours = case.facts["gap"] // HOUR_NANO
    return Finding("producer", f"{hours} hours before", f"The event was sent {hours} hours before.")


@condition("long after it was sent", _say_late)
def long_after(case: Case) -> bool:
    """The producer that was found ended an hour or more before: targets get events at once,
    but for retries."""
    return case.long_after


@condition("has an id")
def has_id(case: Case) -> bool:
    """The delivery names its message, or the work that it is about."""
    return bool(case.facts["has_id"] or case.facts["names_work"])
