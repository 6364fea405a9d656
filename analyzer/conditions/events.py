"""Amazon EventBridge."""

from analyzer.case import Case
from analyzer.conditions import condition


@condition("event")
def event(case: Case) -> bool:
    """The message came over an event bus that somebody sends to, without context."""
    sender = case.facts["producer_system"]
    over_bus = (
        case.system == "aws_eventbridge"
        or sender == "aws_eventbridge"
        or (sender is None and "aws_eventbridge" in case.around.bridges)
    )
    return not case.arrived and over_bus and case.reachable
