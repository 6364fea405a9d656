"""What is seen of buses and topics that may deliver to a queue or a function."""

from analyzer.case import Case
from analyzer.conditions import Finding, condition

BUS, TOPIC = "aws_eventbridge", "aws_sns"


def _delivers(case: Case, system: str) -> bool:
    sender = case.facts["producer_system"]
    seen = sender is None and case.around.delivering == {system}
    return sender == system or case.root["system"] == system or seen


def _alone(case: Case, system: str) -> bool:
    sender = case.facts["producer_system"]
    return sender == system or (sender is None and case.bridges == {system})


def _say_bus(case: Case) -> Finding | None:
    return _say(case, "bus")


@condition("bus delivers here", _say_bus)
def bus_delivers(case: Case) -> bool:
    """It is seen that an event bus delivers here: the producer was found there, the consumer
    records the event's own id, source or type, contexts of who sends to the bus arrived
    here, or the queue is named after it."""
    return _delivers(case, BUS) or (BUS in case.bridges and bool(case.facts["names_event"]))


@condition("only buses could deliver")
def only_buses(case: Case) -> bool:
    """The producer was found at a bus, or nothing but buses is sent to, by others, that could
    deliver here."""
    return _alone(case, BUS)


def _say_topic(case: Case) -> Finding | None:
    return _say(case, "topic")


@condition("topic delivers here", _say_topic)
def topic_delivers(case: Case) -> bool:
    """It is seen that an SNS topic delivers here: the producer was found there, contexts of
    who publishes to it arrived here, or the queue is named after it."""
    return _delivers(case, TOPIC)


@condition("only topics could deliver")
def only_topics(case: Case) -> bool:
    """The producer was found at a topic, or nothing but topics is sent to, by others, that could
    deliver here."""
    return _alone(case, TOPIC)


def _say(case: Case, what: str) -> Finding | None:
    if case.found or case.root["destination"] is None:
        return None
    name = case.around.destination or f"a {what}"
    return Finding(
        what,
        name,
        f"Contexts of those who send to {name} arrived here before, or this queue is named"
        " after it.",
    )


@condition("nothing is seen to deliver here")
def nothing_seen(case: Case) -> bool:
    """Nobody sends to this destination, and of the buses and topics that are sent to it is
    not seen that any delivers here."""
    around = case.around
    return around.possible and not (
        around.direct or around.delivering or around.mirrored or case.found
    )
