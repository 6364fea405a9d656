"""Spans, connections and orphan roots as the API shows them, with all defaults."""

from typing import Any, cast

from web.shapes import Connection, Orphan
from web.trace_shapes import Span

MS = 1_000_000


def make_span(
    span_id: str,
    *,
    trace: str = "t1",
    parent: str | None = None,
    start: int = 0,
    end: int | None = None,
    service: str | None = "shop",
    **values: Any,
) -> Span:
    """`start` and `end` in milliseconds."""
    until = start + 10 if end is None else end
    return cast(
        "Span",
        {
            "trace_id": trace,
            "span_id": span_id,
            "parent_span_id": parent,
            "name": span_id,
            "service_name": service,
            "service_version": None,
            "kind": "INTERNAL",
            "start_time_unix_nano": start * MS,
            "end_time_unix_nano": until * MS,
            "duration_nano": (until - start) * MS,
            "status": "UNSET",
            "status_message": None,
            "attributes": {},
            "events": [],
            "links": [],
            "notes": [],
        }
        | values,
    )


def make_connection(producer: Span, consumer: Span, **values: Any) -> Connection:
    """A propagated parent over `orders`, unless said otherwise."""
    wait = consumer["start_time_unix_nano"] - producer["end_time_unix_nano"]
    ends = {
        end: {
            "trace_id": span["trace_id"],
            "span_id": span["span_id"],
            "service_name": span["service_name"],
            "span_name": span["name"],
        }
        for end, span in (("producer", producer), ("consumer", consumer))
    }
    return cast(
        "Connection",
        ends
        | {
            "relation": "parent",
            "rule": "parent",
            "confidence": 1.0,
            "evidence": [{"field": "parent_span_id", "producer": "p", "consumer": "p"}],
            "system": "aws_sqs",
            "destination": "orders",
            "scope": None,
            "consumer_group": None,
            "wait_nano": wait,
            "attempt": 1,
            "dead_letter": False,
            "notes": [],
        }
        | values,
    )


def make_orphan(span: Span, **values: Any) -> Orphan:
    return cast(
        "Orphan",
        {
            "trace_id": span["trace_id"],
            "span_id": span["span_id"],
            "service_name": span["service_name"],
            "span_name": span["name"],
            "system": "aws_sqs",
            "destination": "orders",
            "settled": True,
            "expected": False,
            "cause": {
                "code": "S1",
                "title": "Not requested",
                "confidence": 0.9,
                "fix": "Ask.",
                "page": "/causes/S1",
            },
            "producer": None,
        }
        | values,
    )
