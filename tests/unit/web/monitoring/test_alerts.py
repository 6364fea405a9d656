"""docs/alerts.yml: names what /metrics tells, parses, and fires when it should."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.unit.web.applications import application, small_scene
from tests.unit.web.monitoring.promql import Instant
from web.monitoring.edge_figures import EDGE_LABELS

DOCS = Path(__file__).parents[4] / "docs"
# What Prometheus adds to every sample.
TARGET = {"job", "instance"}
HERE = {"job": "tracestitch", "instance": "a:8080"}
Sample = tuple[str, dict[str, str], float]


@cache
def read_rules() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((DOCS / "alerts.yml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    named = {rule["alert"]: rule for rule in rules}
    assert len(named) == len(rules)
    return named


@cache
def read_labels() -> dict[str, set[str]]:
    """The labels of each sample that /metrics gives, by its name."""
    labels: dict[str, set[str]] = {"up": set(TARGET)}
    text = application(small_scene().store()).get("/metrics").text
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call] # has no annotations
        for sample in family.samples:
            labels.setdefault(sample.name, set(TARGET)).update(sample.labels)
    return labels


def find(expr: Any, kind: type) -> list[Any]:
    """All expressions of a kind within one."""
    found: list[Any] = []

    def look(each: Any) -> bool:
        if isinstance(each, kind):
            found.append(each)
        return True

    promql_parser.walk(expr, look)
    return found


@pytest.mark.parametrize("name", read_rules())
def test_a_rule_names_only_what_is_told(name: str) -> None:
    rule = read_rules()[name]
    expr = promql_parser.parse(rule["expr"])
    selectors = find(expr, promql_parser.VectorSelector)
    selectors += [each.vector_selector for each in find(expr, promql_parser.MatrixSelector)]

    assert selectors
    told = set[str]()
    for selector in selectors:
        assert selector.name in read_labels()
        matched = {matcher.name for matcher in selector.matchers.matchers}
        assert matched - read_labels()[selector.name] == set()
        told |= read_labels()[selector.name]
    for aggregate in find(expr, promql_parser.AggregateExpr):
        assert set(aggregate.modifier.labels) - told == set()
    shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert shown - told == set()


@pytest.mark.parametrize("name", read_rules())
def test_a_rule_is_documented_and_says_what_happened(name: str) -> None:
    rule = read_rules()[name]

    assert f"| `{name}` |" in (DOCS / "operations.md").read_text("utf-8")
    assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["labels"]["severity"] in {"warning", "critical"}


def test_no_documented_rule_is_gone() -> None:
    text = (DOCS / "operations.md").read_text("utf-8")

    assert set(re.findall(r"^\| `(Tracestitch\w+)` \|", text, re.M)) == set(read_rules())


def edge(
    before: tuple[int, int], recent: tuple[int, int], producer: str = "orders"
) -> list[Sample]:
    """Samples of one edge: (connected, broken) of all, and of those of the last hour."""
    labels = dict.fromkeys(EDGE_LABELS, "x") | HERE | {"producer_service": producer}
    values = {
        "connected": before[0] + recent[0],
        "broken": before[1] + recent[1],
        "recent_connected": recent[0],
        "recent_broken": recent[1],
    }
    return [(f"tracestitch_edge_{name}", labels, value) for name, value in values.items()]


def fires(name: str, now: list[Sample], before: list[Sample] | None = None) -> bool:
    return bool(Instant(now, before or []).query(read_rules()[name]["expr"]))


@pytest.mark.parametrize(
    ("before", "recent", "falls"),
    [
        ((1_000, 0), (0, 50), True),
        ((1_000, 0), (80, 20), True),
        ((1_000, 0), (95, 5), False),  # a twentieth
        ((1_000, 0), (50, 0), False),
        ((1_000, 0), (3, 7), False),  # too few to tell
        ((1_000, 0), (40, 4), False),
        ((0, 1_000), (0, 50), False),  # it never connected
        ((500, 500), (30, 30), False),  # as before
        ((500, 500), (10, 50), True),
        ((0, 0), (0, 0), False),
    ],
)
def test_an_edge_falls_when_less_of_it_connects_than_in_its_past(
    before: tuple[int, int], recent: tuple[int, int], falls: bool
) -> None:
    assert fires("TracestitchEdgeFalls", edge(before, recent)) == falls


def test_an_edge_falls_too_where_the_producers_of_the_broken_are_not_known() -> None:
    samples = edge((1_000, 0), (30, 0)) + edge((0, 0), (0, 30), producer="")

    assert fires("TracestitchEdgeFalls", samples)


def root(count: int, settled: str = "true", expected: str = "false") -> Sample:
    labels = dict.fromkeys(EDGE_LABELS, "x") | HERE
    told = {"cause": "S1", "settled": settled, "expected": expected}
    return ("tracestitch_orphans", labels | told, count)


def test_a_cause_is_new_where_it_was_not_an_hour_ago_and_the_server_was() -> None:
    build: Sample = ("tracestitch_build_info", {"version": "1"} | HERE, 1)

    assert fires("TracestitchNewCause", [root(9)], [build])
    assert fires("TracestitchNewCause", [root(9)], [root(0), build])
    assert not fires("TracestitchNewCause", [root(9)], [root(2), build])
    assert not fires("TracestitchNewCause", [root(9)], [])
    assert not fires("TracestitchNewCause", [root(2)], [build])
    assert not fires("TracestitchNewCause", [root(9, expected="true")], [build])
    assert not fires("TracestitchNewCause", [root(9, settled="false")], [build])


def test_unsettled_roots_are_many_beside_what_was_handed_over() -> None:
    busy = edge((0, 0), (300, 10))

    assert fires("TracestitchManyUnsettled", [*busy, root(80, settled="false")])
    assert not fires("TracestitchManyUnsettled", [*busy, root(50, settled="false")])
    assert not fires("TracestitchManyUnsettled", [*edge((0, 0), (1, 1)), root(9, settled="false")])
    assert not fires("TracestitchManyUnsettled", [*busy, root(80)])


def analyzers(instance: str, **running: int) -> list[Sample]:
    """What one of several processes has heard of."""
    here = HERE | {"instance": instance}
    return [
        ("tracestitch_partition_analyzers", here | {"partition": name}, count)
        for name, count in running.items()
    ]


def test_an_analyzer_is_missing_where_no_process_has_heard_of_it() -> None:
    first, second = analyzers("a:8080", one=1, two=0), analyzers("b:8080", one=1, two=0)

    assert fires("TracestitchAnalyzerMissing", first + second)
    assert not fires("TracestitchAnalyzerMissing", first + analyzers("b:8080", one=1, two=1))
    assert not fires("TracestitchAnalyzerMissing", analyzers("a:8080", one=1))
