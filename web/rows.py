"""Answer tables of the store as JSON objects (web/shapes.py)."""

import json
from typing import Any

import pyarrow as pa

from analyzer.ancestry import SpanId, TraceId
from analyzer.causes import load_causes
from analyzer.fixes import page_of
from storage.results import Row
from storage.schema import TRACE_IDS
from web.attributes import read_json
from web.shapes import (
    Cause,
    Connection,
    End,
    Evidence,
    Identity,
    Orphan,
    OtherCause,
    SpanRef,
)


def trace_hex(hi: int, lo: int) -> str:
    return f"{hi:016x}{lo:016x}"


def span_hex(span_id: int) -> str:
    return f"{span_id:016x}"


def span_ref(row: Row, prefix: str = "") -> SpanRef:
    return {
        "trace_id": trace_hex(row[f"{prefix}trace_hi"], row[f"{prefix}trace_lo"]),
        "span_id": span_hex(row[f"{prefix}span_id"]),
    }


def span_id(row: Row, prefix: str = "") -> SpanId:
    return row[f"{prefix}trace_hi"], row[f"{prefix}trace_lo"], row[f"{prefix}span_id"]


def _end(row: Row, side: str) -> End:
    return {
        **span_ref(row, f"{side}_"),
        "service_name": row[f"{side}_service_name"],
        "service_namespace": row[f"{side}_service_namespace"],
        "environment": row[f"{side}_environment"],
        "span_name": row[f"{side}_span_name"],
    }


def connection_object(row: Row) -> Connection:
    """A row of CONNECTIONS."""
    return {
        "producer": _end(row, "producer"),
        "consumer": _end(row, "consumer"),
        "relation": row["relation"],
        "rule": row["rule"],
        "confidence": row["confidence"],
        "evidence": _listed(row["evidence"]) or [_statement(row)],
        "system": row["system"],
        "destination": row["destination"],
        "scope": row["scope"],
        "consumer_group": row["consumer_group"],
        "wait_nano": row["wait_nano"],
        "attempt": row["attempt"],
        "dead_letter": row["dead_letter"],
        "clock_offset_nano": None,
        "notes": _listed(row["notes"]),
    }


def _listed(text: str) -> list[Any]:
    """Of JSON; most lists are empty, and a trace may have very many."""
    return [] if text == "[]" else list(json.loads(text))


def _statement(row: Row) -> Evidence:
    """What a parent or link states: that the consumer names the producer's ids."""
    trace, span = (
        trace_hex(row["producer_trace_hi"], row["producer_trace_lo"]),
        span_hex(row["producer_span_id"]),
    )
    if row["relation"] == "parent":
        return {"field": "parent_span_id", "producer": span, "consumer": span}
    return {"field": "link", "producer": f"{trace}/{span}", "consumer": f"{trace}/{span}"}


def cause_object(row: Row) -> Cause:
    return {
        "code": row["cause_code"],
        "title": row["cause_title"],
        "confidence": row["cause_confidence"],
        "fix": row["cause_fix"],
        "page": page_of(row["cause_code"]),
    }


def _other_cause(code: str, confidence: float) -> OtherCause:
    known = load_causes().get(code)
    return {"code": code, "title": known.title if known else code, "confidence": confidence}


def orphan_object(row: Row, *, settled: bool) -> Orphan:
    """A row of ORPHANS."""
    stitched = row["producer_span_id"] is not None
    return {
        **span_ref(row),
        "service_name": row["service_name"],
        "service_namespace": row["service_namespace"],
        "environment": row["environment"],
        "span_name": row["span_name"],
        "start_time_unix_nano": row["start_time_unix_nano"],
        "system": row["system"],
        "destination": row["destination"],
        "scope": row["scope"],
        "consumer_group": row["consumer_group"],
        "is_send": row["is_send"],
        "settled": settled,
        "expected": row["expected"],
        "cause": cause_object(row),
        "other_causes": [_other_cause(**other) for other in read_json(row["other_causes"])],
        "evidence": read_json(row["evidence"]),
        "producer": span_ref(row, "producer_") if stitched else None,
    }


def identity_object(row: Row, *, consumer: str) -> Identity:
    """The identity of a row of edges or orphan groups; `consumer` is the column that
    names the consumer's service."""
    return {
        "environment": row["environment"],
        "service_namespace": row["service_namespace"],
        "producer_service": row["producer_service_name"],
        "system": row["system"],
        "destination": row["destination"],
        "scope": row["scope"],
        "consumer_service": row[consumer],
        "consumer_group": row["consumer_group"],
    }


def trace_table(traces: list[TraceId]) -> pa.Table:
    """Schema TRACE_IDS."""
    return pa.table(
        [
            pa.array([hi for hi, _ in traces], pa.uint64()),
            pa.array([lo for _, lo in traces], pa.uint64()),
        ],
        schema=TRACE_IDS,
    )
