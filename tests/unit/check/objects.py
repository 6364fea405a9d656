"""Orphan roots, groups and edges as the API answers them, and findings, with all defaults."""

from typing import Any, cast

from tests.web_objects import make_orphan, make_span
from tracestitch.check.findings import Finding
from tracestitch.check.verdict import Seen
from web.shapes import Edge, Group, Orphan

_HOP: dict[str, Any] = {
    "environment": None,
    "service_namespace": None,
    "producer_service": "order-service",
    "system": "aws_sqs",
    "destination": "orders",
    "scope": None,
    "consumer_service": "payment-service",
    "consumer_group": None,
}


def make_cause(code: str = "S1") -> dict[str, Any]:
    return {"code": code, "title": f"Title of {code}", "confidence": 0.9, "fix": "Ask.\nAgain."}


def root(trace: str = "t1", code: str = "S1", **values: Any) -> Orphan:
    """An orphan root of payment-service, `order.process`."""
    span = make_span("order.process", trace=trace, service="payment-service")
    facts = {"service_namespace": None, "environment": None, "scope": None, "consumer_group": None}
    return make_orphan(span, **facts | {"cause": make_cause(code), "evidence": []} | values)


def group(code: str = "S1", count: int = 1, **values: Any) -> Group:
    more = {
        "cause": make_cause(code),
        "count": count,
        "connected": 0,
        "expected": False,
        "example": {"trace_id": "t1", "span_id": "order.process"},
    }
    return cast("Group", _HOP | more | values)


def edge(count: int = 1, connected: int = 0, **values: Any) -> Edge:
    return cast("Edge", _HOP | {"count": count, "connected": connected, "notes": []} | values)


def seen(
    *orphans: Orphan, groups: list[Group] | None = None, edges: list[Edge] | None = None
) -> Seen:
    return Seen(9, 3, orphans, groups or [], edges or [])


def finding(**values: Any) -> Finding:
    facts: dict[str, Any] = {
        "code": "S1",
        "title": "Title of S1",
        "confidence": 0.9,
        "expected": False,
        "fix": "Ask.\nAgain.",
        "trace_id": "t1",
        "span_id": "s1",
        "service_name": "payment-service",
        "destination": "orders",
        "system": "aws_sqs",
        "span_name": "order.process",
        "producer_service": "order-service",
    }
    return Finding(**facts | values)
