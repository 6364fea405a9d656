"""The truth about a recording: which delivery belongs to which send.

Both ends of every message log its private key with the ids of their spans; the
recorded spans say what of that the telemetry itself shows. `recordings/README.md`
describes the fields.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sample_data.pipeline.ledger import Ledger
from sample_data.pipeline.settings import DEAD_LETTER_QUEUE
from sample_data.pipeline.switches import Switch

SpanKey = tuple[str, str]
Fact = dict[str, Any]

# Causes that the spans alone cannot tell from the true one.
ALSO_OK = {
    "S1": ["S2", "S4", "P5"],
    "K1": ["K2", "K3", "P5"],
    "E2": ["E1", "E3"],
    "X1": ["P5"],
    "P1": ["P2"],
}


class TruthError(Exception):
    """What was recorded is not what the scenario should have produced."""


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    key: SpanKey
    parent: SpanKey | None
    links: frozenset[SpanKey]
    service: str
    name: str


def read_spans(requests: Iterable[ExportTraceServiceRequest]) -> dict[SpanKey, RecordedSpan]:
    spans = {}
    for request in requests:
        for resource_spans in request.resource_spans:
            attributes = resource_spans.resource.attributes
            service = next(a.value.string_value for a in attributes if a.key == "service.name")
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    trace_id = span.trace_id.hex()
                    key = (trace_id, span.span_id.hex())
                    spans[key] = RecordedSpan(
                        key=key,
                        parent=(trace_id, span.parent_span_id.hex())
                        if span.parent_span_id
                        else None,
                        links=frozenset((k.trace_id.hex(), k.span_id.hex()) for k in span.links),
                        service=service,
                        name=span.name,
                    )
    return spans


def tell_truth(
    spans: dict[SpanKey, RecordedSpan],
    ledger: Ledger,
    switches: dict[str, Switch],
) -> Fact:
    """Edges, orphan roots and the other roots.

    TruthError when a hand-over lost its context although no switch made it, or a
    delivery left no span.
    """
    sent = {line["key"]: line for line in ledger.sent}
    edges = [_describe_edge(spans, sent[line["key"]], line, switches) for line in ledger.received]
    causes = {_key(edge["consumer"]): edge["cause"] for edge in edges}
    roots = [
        span
        for span in spans.values()
        if span.parent not in spans and not span.links & spans.keys()
    ]
    linked = [
        span for span in spans.values() if span.parent not in spans and span.links & spans.keys()
    ]
    return {
        "edges": edges,
        "orphan_roots": [
            _describe_orphan(span, cause) for span in roots if (cause := causes.get(span.key))
        ],
        "not_orphans": [
            *(_describe_root(s, "entry point") for s in roots if not causes.get(s.key)),
            *(_describe_root(s, "linked to its producer (N5)") for s in linked),
        ],
        "partial_links": [],
        "counts": {
            "spans": len(spans),
            "traces": len({trace_id for trace_id, _ in spans}),
            "edges": len(edges),
        },
    }


def _describe_edge(
    spans: dict[SpanKey, RecordedSpan],
    sent: Fact,
    received: Fact,
    switches: dict[str, Switch],
) -> Fact:
    producer, consumer = _key(sent), _key(received)
    if consumer not in spans:
        raise TruthError(f"the delivery of {sent['order_id']} left no span: {received}")
    span = spans[consumer]
    relation = "parent" if span.parent == producer else "link" if producer in span.links else "none"
    connected = relation != "none" and producer in spans
    switch = switches[sent["order_id"]]
    cause = None
    if not connected:
        cause = switch.cause if switch.hop == sent["destination"] else None
        if cause is None:
            raise TruthError(f"{sent['order_id']} lost its context on {sent['destination']}")
    return {
        "producer": _ids(producer),
        "consumer": _ids(consumer),
        "consumer_root": _ids(consumer),
        "message_key": sent["key"],
        "order_id": sent["order_id"],
        "workflow_id": sent["workflow_id"],
        "dest": received["destination"],
        "dlq": received["destination"] == DEAD_LETTER_QUEUE,
        "group": received["service"],
        "attempt": received["attempt"],
        "relation": relation,
        "producer_exported": producer in spans,
        "consumer_exported": True,
        "cause": cause,
        "shared": _shared(connected=connected, exported=producer in spans),
    }


def _shared(*, connected: bool, exported: bool) -> str:
    """What both ends have in common; there is an id on every hop."""
    if connected:
        return "visible"
    return "id" if exported else "nothing"


def _describe_orphan(span: RecordedSpan, cause: str) -> Fact:
    return {
        **_ids(span.key),
        "cause": cause,
        "also_ok": ALSO_OK[cause],
        "shape": "no_parent" if span.parent is None else "missing_parent",
        "service": span.service,
        "name": span.name,
    }


def _describe_root(span: RecordedSpan, reason: str) -> Fact:
    return {**_ids(span.key), "reason": reason, "service": span.service, "name": span.name}


def _key(ids: Fact) -> SpanKey:
    return ids["trace_id"], ids["span_id"]


def _ids(key: SpanKey) -> Fact:
    return {"trace_id": key[0], "span_id": key[1]}
