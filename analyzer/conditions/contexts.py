"""Whether a context arrived, and what is known of the span that it names."""

from analyzer.case import Case
from analyzer.conditions import Finding, condition


@condition("no context")
def no_context(case: Case) -> bool:
    """Neither parent nor link names any span."""
    return not case.arrived


@condition("context arrived")
def context_arrived(case: Case) -> bool:
    """A parent or link from another process names a span that is not stored, in a trace of
    which no send is stored."""
    return case.arrived and case.facts["rule"] != "same-trace"


@condition("said sampled")
def said_sampled(case: Case) -> bool:
    """The flags of the context say that it was sampled."""
    return bool(case.facts["missing_sampled"])


@condition("said unsampled")
def said_unsampled(case: Case) -> bool:
    """The flags of the link say that its target was not sampled; Python's exporters never
    write that bit, so that there its absence says nothing."""
    told = case.facts["sdk_language"] not in (None, "python")
    unsampled = case.facts["missing_unsampled"] and not case.facts["missing_sampled"]
    return bool(unsampled and told)


@condition("its trace is stored")
def trace_stored(case: Case) -> bool:
    """Spans of the trace that the context names are stored, of work that no message began:
    of any service where a link names it, of another one in the root's own. So the trace was
    sampled."""
    return bool(case.facts["missing_beside"])


def _tell_random(case: Case) -> Finding:
    return Finding(
        "tracestate",
        f"{case.facts['missing_random']:014x}",
        "The randomness of the trace, beside the threshold of those who send there,"
        f" {max(case.thresholds, default=0):014x}.",
    )


@condition("below the threshold", _tell_random)
def below_threshold(case: Case) -> bool:
    """The randomness of the trace that the context names (`rv`, else its trace id) lies
    below the sampling threshold (`th`) of those who send there: it was not sampled."""
    return case.below_threshold


@condition("above the threshold", _tell_random)
def above_threshold(case: Case) -> bool:
    """That randomness is not below the threshold: it was sampled."""
    return case.above_threshold


@condition("older than what connects")
def older(case: Case) -> bool:
    """The Kafka record is older than all of its partition whose context is known, and this
    consumer has none without between those: it read from before what is stored."""
    return case.before_records and not case.around.interleaved


def _tell_header(case: Case) -> Finding:
    return Finding(
        "header", case.facts["foreign_context_header"], "Another propagator wrote this context."
    )


@condition("foreign context header", _tell_header)
def foreign_header(case: Case) -> bool:
    """A captured header of the message is that of another propagator (B3, Jaeger, X-Ray,
    Datadog), and no traceparent was captured."""
    told = case.facts
    return bool(told["foreign_context_header"]) and not told["traceparent_header"]


def _tell_dropped(case: Case) -> Finding:
    return Finding(
        "dropped_attributes_count",
        str(case.facts["dropped_attributes"]),
        "The SDK dropped attributes at its limit.",
    )


@condition("attributes dropped", _tell_dropped)
def attributes_dropped(case: Case) -> bool:
    """The SDK dropped attributes of the span at its count limit."""
    return bool(case.facts["dropped_attributes"])


def _tell_id(case: Case) -> Finding:
    return Finding(
        "messaging.message.id", case.facts["message_id"], "This id is a UUID that was cut off."
    )


@condition("id cut off", _tell_id)
def id_cut(case: Case) -> bool:
    """The message id is the beginning of a UUID: the SDK cut it at its length limit."""
    return case.id_cut


@condition("neighbours deleted")
def neighbours_deleted(case: Case) -> bool:
    """Spans near the root were deleted by retention."""
    return bool(case.facts["lost"])
