"""Which finding of a group's evidence is told first. Pure."""

from collections.abc import Sequence

from web.shapes import Finding

# Findings of many groups, whatever broke them: the further behind, the less they tell. That
# no context arrived is true of nearly all, and an id is of one message.
_COMMON = {
    field: number
    for number, field in enumerate(
        (
            *("receive span", "producer", "other messages", "other deliveries"),
            *("other consumers", "producers", "parent", "link", "parent_span_id"),
            *("messaging.message.id", "messaging.kafka.offset"),
        ),
        start=1,
    )
}


def order_findings(findings: Sequence[Finding]) -> list[Finding]:
    """The one that few groups have first: it speaks for the cause."""
    best = min(findings, key=lambda each: _COMMON.get(each["field"], 0), default=None)
    return [] if best is None else [best, *(each for each in findings if each is not best)]
