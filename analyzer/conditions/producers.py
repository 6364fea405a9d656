"""Who could have sent the message, and whether anybody is known to have."""

from analyzer.case import Case
from analyzer.conditions import Finding, condition


@condition("somebody sends there")
def somebody_sends(case: Case) -> bool:
    """Sends to this destination are stored, or to a topic or bus that delivers to it."""
    return case.reachable


@condition("found producer")
def found_producer(case: Case) -> bool:
    """An id found the span that sent the message."""
    return case.found


@condition("named producer")
def named_producer(case: Case) -> bool:
    """An id that names one message found the span that sent it."""
    return case.named


@condition("message connected elsewhere")
def connected_elsewhere(case: Case) -> bool:
    """This very message brought its context to another consumer."""
    return bool(case.facts["producer_connected_elsewhere"])


def _say_here(_case: Case) -> Finding:
    return Finding(
        "this message", "connected here", "This consumer got this very message with its context."
    )


@condition("message connected here", _say_here)
def connected_here(case: Case) -> bool:
    """This very message brought its context to this consumer, another time."""
    return bool(case.facts["producer_connected_here"])


@condition("contexts arrive elsewhere")
def injects(case: Case) -> bool:
    """Contexts of these producers arrive at some consumer."""
    return bool(case.around.injects)


@condition("its producer's contexts arrive")
def producer_injects(case: Case) -> bool:
    """Contexts of the service that sent the message arrive at some consumer; where no id found
    it, those of one that sends there."""
    arriving = case.around.injects
    return case.facts["own_producer_service_name"] in arriving if case.found else bool(arriving)


@condition("consumer continues others")
def continues(case: Case) -> bool:
    """This consumer continues the contexts of other messages of this destination."""
    return case.around.extracts


@condition("consumer continues anything")
def continues_anything(case: Case) -> bool:
    """This consumer's service continues contexts of messages of any destination of this
    system."""
    return case.around.continues


@condition("others continue")
def others_continue(case: Case) -> bool:
    """Another service or group on this destination continues contexts."""
    return case.around.others_connect


@condition("before anybody sent")
def before_senders(case: Case) -> bool:
    """The work ended before the first span of a send to this destination, and no id found who
    sent the message."""
    return case.before_senders and not case.found
