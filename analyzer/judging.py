"""Verdicts: from orphan roots and the surroundings of each to causes."""

import json
from typing import Any

import polars as pl

from analyzer.causes import UNKNOWN, Case, Verdict, load_causes, name_cause
from analyzer.surroundings import Surroundings, World, worlds
from storage.schema import ORPHANS

_ADVICE = (
    "# to match such messages with certainty, record on both ends:\n"
    '# span.set_attribute("messaging.message.id", …) and span.set_attribute("order.id", …)\n'
)
# What a verdict may fill in: judging starts from what the spans themselves said.
_REFINED = ["system", "destination", "producer_service_name"]
_VERDICT = [
    "expected",
    "cause_code",
    "cause_title",
    "cause_confidence",
    "cause_fix",
    "other_causes",
    "evidence",
]


def judge(roots: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """ORPHANS rows with causes.

    `roots` has the ORPHANS columns up to `facts`, base `evidence` and the stitched
    producer; judging a judged row again gives what judging it first would have given.
    `facts` is `SpanStore.endpoint_facts()` as a frame, or its stable part. Roots that the
    surroundings show to be no work at all (a Kafka end-of-partition event) or represented
    by another span (a poll) are left out.
    """
    by_environment = worlds(facts)
    nowhere = World([])
    rows = []
    for judged in roots.iter_rows(named=True):
        told = json.loads(judged["facts"])
        root = judged | {name: told[f"own_{name}"] for name in _REFINED}
        around = by_environment.get(root["environment"], nowhere).around(root, told["domain"])
        if _is_event_only(told, around) or (told["part"] == "polled" and around.processes):
            continue
        rows.append(_verdict_row(root, told, around))
    schema = pl.DataFrame(ORPHANS.empty_table()).schema
    return pl.DataFrame(rows, schema=schema, orient="row")


def _is_event_only(told: dict[str, Any], around: Surroundings) -> bool:
    """confluent-kafka makes a span for an end-of-partition event too; it carries the id
    of a record that does not exist yet. No context and nothing below it, while this
    service's other deliveries have work below them."""
    confluent = "confluent" in (told["scope_name"] or "")
    return (
        confluent
        and told["missing"] is None
        and not told["has_children"]
        and told["rule"] in (None, "correlation-id")
        and around.works_below
    )


def _verdict_row(
    root: dict[str, Any], told: dict[str, Any], around: Surroundings
) -> dict[str, Any]:
    case = Case(root, told, around)
    verdict = name_cause(case)
    cause = load_causes()[verdict.code]
    fix = cause["fix"].strip() + "\n"
    unmatched = told["rule"] is None and told["missing"] is None
    if unmatched and verdict.code not in (UNKNOWN, "P3", "T1"):
        fix += _ADVICE
    return {name: root[name] for name in ORPHANS.names if name not in _VERDICT} | {
        "destination": root["destination"] or told["producer_destination"] or around.destination,
        "system": root["system"] or told["producer_system"],
        "expected": bool(cause.get("expected", False)),
        "cause_code": verdict.code,
        "cause_title": cause["title"],
        "cause_confidence": verdict.confidence,
        "cause_fix": fix,
        "other_causes": json.dumps(
            [{"code": code, "confidence": confidence} for code, confidence in verdict.others]
        ),
        "evidence": json.dumps(_evidence(root, case, verdict), ensure_ascii=False),
        "producer_service_name": root["producer_service_name"] or around.producer,
    }


def _evidence(root: dict[str, Any], case: Case, verdict: Verdict) -> list[dict[str, str]]:
    """What was seen on the root, then what was seen beside it."""
    around = case.around
    items: list[dict[str, str]] = json.loads(case.facts["seen"])
    destination = around.destination or root["destination"] or "this destination"
    if around.possible:
        who = around.producer or "several services"
        items.append(_item("producers", who, f"spans of sends to {destination} are stored"))
    else:
        items.append(_item("producers", "none", f"no stored span sends to {destination}"))
    if not case.arrived:
        if around.extracts:
            items.append(
                _item("other deliveries", "connected", "this consumer did continue contexts")
            )
        elif around.injects:
            items.append(
                _item("other consumers", "connected", "contexts of this producer arrive elsewhere")
            )
        if case.facts["producer_connected_elsewhere"]:
            items.append(
                _item("this message", "connected elsewhere", "another consumer got its context")
            )
    if verdict.code == UNKNOWN:
        items.append(_item("verdict", "unknown", "nothing above is decisive; see the fix"))
    return items


def _item(field: str, value: str, meaning: str) -> dict[str, str]:
    return {"field": field, "value": value, "meaning": meaning}
