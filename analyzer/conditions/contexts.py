"""Whether a context arrived, and what is known of the span that it names."""

from analyzer.case import Case
from analyzer.conditions import condition


@condition("no context")
def no_context(case: Case) -> bool:
    """Neither parent nor link names any span."""
    return not case.arrived


@condition("context arrived")
def context_arrived(case: Case) -> bool:
    """A parent or link from another process names a span that is not stored, in a trace of
    which no send is stored."""
    return case.arrived and case.facts["rule"] != "same-trace"


@condition("parent missing")
def parent_missing(case: Case) -> bool:
    """The span has a remote parent that is not stored."""
    return bool(case.facts["missing"] == "parent")


@condition("link missing")
def link_missing(case: Case) -> bool:
    """The span has a link to a span that is not stored."""
    return bool(case.facts["missing"] == "link")


@condition("said sampled")
def said_sampled(case: Case) -> bool:
    """The flags of the context say that it was sampled."""
    return bool(case.facts["missing_sampled"])


@condition("said unsampled")
def said_unsampled(case: Case) -> bool:
    """The flags of the link say that its target was not sampled; Python's exporters never
    write that bit, so that there its absence says nothing."""
    told = case.facts["sdk_language"] not in (None, "python")
    return case.facts["missing"] == "link" and not case.facts["missing_sampled"] and told


@condition("its trace is stored")
def trace_stored(case: Case) -> bool:
    """Other spans of the trace that the context names are stored."""
    return bool(case.facts["missing_trace_known"])


@condition("same trace")
def same_trace(case: Case) -> bool:
    """The producer is in the trace that the missing parent belongs to."""
    return bool(case.facts["rule"] == "same-trace")


@condition("X-Ray form")
def epoch_form(case: Case) -> bool:
    """The trace id begins with the time of its making, as X-Ray's do."""
    return bool(case.facts["epoch_trace"])


@condition("neighbours deleted")
def neighbours_deleted(case: Case) -> bool:
    """Spans near the root were deleted by retention."""
    return bool(case.facts["lost"])
