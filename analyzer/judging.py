"""Verdicts: from orphan roots and the surroundings of each to causes."""

import json
from collections.abc import Mapping
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
# All that surroundings are looked up by; a root's own, not as refined.
_PLACE = [
    "environment",
    "service_namespace",
    "system",
    "destination",
    "service_name",
    "consumer_group",
    "span_name",
    "domain",
]
_TOLD = ["own_system", "own_destination", "domain"]
_VERDICT = [
    "expected",
    "cause_code",
    "cause_title",
    "cause_confidence",
    "cause_fix",
    "other_causes",
    "evidence",
    "hidden",
]


def judge(roots: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """ORPHANS rows with causes.

    `roots` has the ORPHANS columns up to `facts`, base `evidence` and the stitched
    producer; judging a judged row again gives what judging it first would have given.
    `facts` is `SpanStore.endpoint_facts()` as a frame, or its stable part. Roots that the
    surroundings show to be no work at all (a Kafka end-of-partition event) or represented
    by another span (a poll) are hidden: other facts may show that they are.
    """
    views, verdicts = _Views(facts), _Verdicts()
    rows = []
    for judged in roots.iter_rows(named=True):
        told = json.loads(judged["facts"])
        root = judged | {name: told[f"own_{name}"] for name in _REFINED}
        around = views.around(root | {"domain": told["domain"]})
        hidden = _is_event_only(told, around) or (told["part"] == "polled" and around.processes)
        case = Case(root, told, around)
        rows.append(_verdict_row(case, verdicts.of(case)) | {"hidden": hidden})
    schema = pl.DataFrame(ORPHANS.empty_table()).schema
    return pl.DataFrame(rows, schema=schema, orient="row")


def select_affected(roots: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Those of the roots (ORPHANS rows) whose verdicts may differ between the two states of
    the facts: what surrounds them differs."""
    told = pl.col("facts").str.json_decode(pl.Struct(dict.fromkeys(_TOLD, pl.String)))
    seen = roots.with_columns(told.alias("told")).with_columns(
        system=pl.col("told").struct.field("own_system"),
        destination=pl.col("told").struct.field("own_destination"),
        domain=pl.col("told").struct.field("domain"),
    )
    places = seen.select(_PLACE).unique()
    old, new = _Views(before), _Views(after)
    changed = [old.around(place) != new.around(place) for place in places.iter_rows(named=True)]
    elsewhere = places.filter(pl.Series(changed, dtype=pl.Boolean))
    affected = seen.with_row_index("row").join(elsewhere, on=_PLACE, how="semi", nulls_equal=True)
    return roots[affected["row"].sort()]


class _Views:
    """What surrounds roots; those in one place see the same."""

    def __init__(self, facts: pl.DataFrame) -> None:
        self._worlds, self._nowhere = worlds(facts), World([])
        self._seen: dict[tuple[Any, ...], Surroundings] = {}

    def around(self, root: Mapping[str, Any]) -> Surroundings:
        """Of a root: a row with the columns _PLACE."""
        place = tuple(root[name] for name in _PLACE)
        if place not in self._seen:
            world = self._worlds.get(root["environment"], self._nowhere)
            self._seen[place] = world.around(root, root["domain"])
        return self._seen[place]


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


class _Verdicts:
    """Verdicts of cases; those that differ only in what is shown of them have the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Verdict] = {}

    def of(self, case: Case) -> Verdict:
        facts = (value for name, value in case.facts.items() if name != "seen")
        alike = (case.root["system"], case.around, *facts)
        if alike not in self._known:
            self._known[alike] = name_cause(case)
        return self._known[alike]


def _verdict_row(case: Case, verdict: Verdict) -> dict[str, Any]:
    root, told, around = case.root, case.facts, case.around
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


def _evidence(root: Mapping[str, Any], case: Case, verdict: Verdict) -> list[dict[str, str]]:
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
