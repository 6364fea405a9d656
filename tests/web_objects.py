"""Spans, connections and orphan roots as the API shows them, with all defaults."""

from collections.abc import Sequence
from typing import Any, cast

from analyzer.ancestry import NOBODY
from web.shapes import Connection, Orphan
from web.trace_shapes import Span
from web.waterfall.picture import Picture

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
            "is_send": False,
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


def picture_of(
    spans: Sequence[Span],
    connections: Sequence[Connection] = (),
    orphans: Sequence[Orphan] = (),
    candidates: Sequence[Connection] = (),
) -> Picture:
    """What web/waterfall/picture.py reads from the store, made of objects."""
    first: dict[tuple[str, str], int] = {}
    for number, span in enumerate(spans):
        first.setdefault((span["trace_id"], span["span_id"]), number)

    def parent_of(number: int, span: Span) -> int:
        found = first.get((span["trace_id"], span["parent_span_id"] or ""), NOBODY)
        return NOBODY if found == number else found

    def end_of(connection: Connection, consumer: bool) -> int:
        end = connection["consumer" if consumer else "producer"]
        return first.get((end["trace_id"], end["span_id"]), NOBODY)

    traces = sorted({span["trace_id"] for span in spans})
    services = [None, *sorted({span["service_name"] or "" for span in spans} - {""})]
    roots = [first.get((orphan["trace_id"], orphan["span_id"])) for orphan in orphans]
    return Picture(
        trace=[traces.index(span["trace_id"]) for span in spans],
        parent=[parent_of(number, span) for number, span in enumerate(spans)],
        service=[services.index(span["service_name"]) for span in spans],
        start=[span["start_time_unix_nano"] for span in spans],
        end=[max(s["start_time_unix_nano"], s["end_time_unix_nano"]) for s in spans],
        sends=[span["kind"] == "PRODUCER" for span in spans],
        failed=[span["status"] == "ERROR" for span in spans],
        span_ids=list(range(len(spans))),
        traces=traces,
        services=services,
        connections=connections,
        ends=[(end_of(each, False), end_of(each, True)) for each in connections],
        candidates=[end_of(each, True) for each in candidates],
        orphans={root: number for number, root in enumerate(roots) if root is not None},
    )
