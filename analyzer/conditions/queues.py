"""Amazon SQS and SNS: where the message came from, and who handles it."""

from analyzer.case import Case
from analyzer.conditions import Finding, condition

_MOST_ATTRIBUTES = 10


@condition("queue")
def queue(case: Case) -> bool:
    """The message came over an SQS queue that somebody sends to directly, without context."""
    sender = case.facts["producer_system"]
    direct = case.around.direct or sender == "aws_sqs"
    return not case.arrived and case.system == "aws_sqs" and sender in (None, "aws_sqs") and direct


@condition("dead-letter queue")
def dead_letter_queue(case: Case) -> bool:
    """The name of the destination is that of a dead-letter queue."""
    return bool(case.facts["dead_letter"])


def _say_function(_case: Case) -> Finding:
    return Finding(
        "consumer", "a function", "A function: its event always holds the message attributes."
    )


@condition("in a function", _say_function)
def in_function(case: Case) -> bool:
    """A function (AWS Lambda) handles the message: the event that invokes it always holds
    the message attributes, nobody has to ask for them."""
    return case.in_function


def _say_mixed(_case: Case) -> Finding:
    return Finding(
        "other messages",
        "continued",
        "This consumer continues others of this destination, before and after this one.",
    )


@condition("continues others meanwhile", _say_mixed)
def mixed(case: Case) -> bool:
    """Messages of this destination that this consumer continues alternate with those that
    it does not: it can read what it gets."""
    return case.around.mixed


def _say_never(case: Case) -> Finding:
    return Finding(
        "producer",
        case.facts["own_producer_service_name"] or "an unnamed service",
        "No context of this producer arrived here, while those of others did.",
    )


@condition("this producer's contexts never arrive", _say_never)
def never_arrives(case: Case) -> bool:
    """Contexts of other services arrive at this consumer, of the one that sent this message
    none ever did."""
    sender, arrived = case.facts["own_producer_service_name"], case.around.arrived_from
    return bool(case.found and arrived and sender not in arrived)


def _say_forwarded(case: Case) -> Finding:
    return Finding(
        "producer",
        case.facts["own_producer_service_name"] or "an unnamed service",
        "This producer sent the message while it handled one of a queue.",
    )


@condition("forwarded", _say_forwarded)
def forwarded(case: Case) -> bool:
    """The producer sent this message from within the work on one that it got from a queue."""
    return bool(case.facts["producer_takes"] == "aws_sqs")


def _say_failed(_case: Case) -> Finding:
    return Finding(
        "business id", "seen before", "This work came here before with its context, and failed."
    )


def _say_dropped(_case: Case) -> Finding:
    return Finding(
        "propagation.dropped",
        "on the sending span",
        "The producer says that the context found no room in its message.",
    )


@condition("producer left the context out", _say_dropped)
def left_out(case: Case) -> bool:
    """The span that sent the message says that its context found no room in it
    (`propagation.dropped`)."""
    return bool(case.facts["producer_dropped"])


def _say_received(case: Case) -> Finding:
    return Finding(
        "propagation.received.attributes",
        str(case.facts["received_attributes"]),
        "So many message attributes came to the consumer, and no context among them.",
    )


@condition("message attributes came", _say_received)
def attributes_came(case: Case) -> bool:
    """The consumer says that message attributes came, and no context among them
    (`propagation.received.attributes`)."""
    return (case.facts["received_attributes"] or 0) > 0


@condition("ten message attributes came", _say_received)
def ten_attributes_came(case: Case) -> bool:
    """The consumer says so of ten: as many as a message has at most, so that these are all."""
    return (case.facts["received_attributes"] or 0) >= _MOST_ATTRIBUTES


@condition("failed here before", _say_failed)
def failed_before(case: Case) -> bool:
    """The same business id came to this consumer before, its context arrived, and the work
    failed."""
    return bool(case.facts["repeats"] == "failed")


@condition("from a topic")
def from_a_topic(case: Case) -> bool:
    """The message came over an SNS topic, without context."""
    sender = case.facts["producer_system"]
    over_topic = sender == "aws_sns" or (sender is None and "aws_sns" in case.bridges)
    return not case.arrived and over_topic


@condition("contexts of its topic arrive")
def topic_arrives(case: Case) -> bool:
    """Contexts arrived at this consumer of services that publish to the message's topic and
    do not send to the queue themselves; where the producer was not found, to any."""
    through = case.around.arrived_through
    return case.facts["producer_destination"] in through if case.found else bool(through)


@condition("read from a queue")
def read_from_queue(case: Case) -> bool:
    """The consumer reads an SQS queue."""
    return bool(case.root["system"] == "aws_sqs")
