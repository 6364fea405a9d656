"""AWS X-Ray: contexts of its own beside those of OpenTelemetry."""

from analyzer.case import Case
from analyzer.conditions import Finding, condition


def _say_form(_case: Case) -> Finding:
    return Finding(
        "trace id",
        "begins with the time",
        "X-Ray made this trace id; those of these services do not begin so.",
    )


def _is_foreign(case: Case) -> bool:
    return not case.around.own_epoch and not case.around.senders_epoch


@condition("X-Ray parent", _say_form)
def xray_parent(case: Case) -> bool:
    """The missing parent is in a trace whose id begins with the time of its making, as
    X-Ray's do and neither those that this service begins nor those of who sends there; no
    other service's span is in that trace."""
    told = case.facts
    own = told["missing"] == "parent" and told["epoch_trace"] and not told["missing_beside"]
    return bool(own) and not told["producer_in_trace"] and _is_foreign(case)


@condition("X-Ray link", _say_form)
def xray_link(case: Case) -> bool:
    """The missing target of the link is in a trace whose id begins with the time of its
    making, as X-Ray's do and neither those that this service begins nor those of who sends
    there."""
    told = case.facts
    linked = told["missing"] == "link" and told["missing_epoch"]
    return bool(linked) and not told["missing_beside"] and _is_foreign(case)


def _say_trace(_case: Case) -> Finding:
    return Finding(
        "producer",
        "in the same trace",
        "The producer is in the same trace: something between named a span anew.",
    )


@condition("producer in the trace", _say_trace)
def producer_in_trace(case: Case) -> bool:
    """The parent is missing, and the span that sent the message is in its trace."""
    told = case.facts
    same = told["rule"] == "same-trace" or told["producer_in_trace"]
    return bool(told["missing"] == "parent" and same)
