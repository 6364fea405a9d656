"""Findings by hand-over, for those who read. Pure."""

from collections.abc import Iterable
from itertools import groupby

from tracestitch.cause_text import tell_cause
from tracestitch.check.findings import EXPECTATION, Finding
from tracestitch.orphans_text import draw_hop
from web.words import say_plural

Fault = list[Finding]
"""Findings of one cause at one kind of hand-over; never empty."""


def name_hop(finding: Finding) -> str:
    """As edges and groups are named; an expectation names itself."""
    if finding.code == EXPECTATION:
        return finding.title
    return draw_hop(
        {
            "environment": finding.environment,
            "service_namespace": finding.service_namespace,
            "producer_service": finding.producer_service,
            "system": finding.system,
            "destination": finding.destination,
            "scope": None,
            "consumer_service": finding.service_name,
            "consumer_group": finding.consumer_group,
        },
        is_send=finding.is_send,
    )


def list_faults(findings: Iterable[Finding]) -> dict[str, list[Fault]]:
    """By the name of the hand-over, in the order of names; a cause each, by its code."""
    ordered = sorted(findings, key=lambda each: (name_hop(each), each.code, each.order))
    return {
        name: [list(fault) for _, fault in groupby(members, key=lambda each: each.code)]
        for name, members in groupby(ordered, key=name_hop)
    }


def describe_fault(fault: Fault) -> str:
    """In one line: the cause, how sure, how often."""
    first = fault[0]
    if first.code == EXPECTATION:
        return first.title
    sure = max(finding.confidence for finding in fault)
    cause = tell_cause(first.code, first.title, sure)
    return f"{cause}: {say_plural(len(fault), 'orphan root')}"


def point_at(finding: Finding) -> str | None:
    """Where one of them is, for who looks it up."""
    if finding.trace_id is None:
        return None
    name = f" ({finding.span_name})" if finding.span_name else ""
    return f"such as trace {finding.trace_id}, span {finding.span_id}{name}"
