"""Hand-overs and orphan roots in /metrics: right, bounded, and safe from names."""

from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from storage.handover_reads import HANDOVER_COUNTS, ORPHAN_COUNTS
from tests.answer_builders import Scene
from tests.contract.rows import make_table
from tests.unit.web.applications import application, small_scene
from tests.web_client import WebClient
from web.monitoring.edge_figures import (
    EDGE_LABELS,
    LONGEST_LABEL,
    MOST_EDGES,
    MOST_ORPHAN_GROUPS,
    EdgeFigures,
    fold_figures,
)

HOUR = 3_600_000_000_000
OTHERS = dict.fromkeys(EDGE_LABELS, "other")


def read_samples(client: WebClient) -> list[tuple[str, dict[str, str], float]]:
    text = client.get("/metrics").text
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call] # has no annotations
        for sample in family.samples
    ]


def by_consumer(client: WebClient, name: str) -> dict[str, float]:
    return {
        labels["consumer_service"]: value
        for sample, labels, value in read_samples(client)
        if sample == f"tracestitch_{name}"
    }


def fold(handovers: list[dict[str, Any]], orphans: list[dict[str, Any]]) -> EdgeFigures:
    return fold_figures(make_table(HANDOVER_COUNTS, handovers), make_table(ORPHAN_COUNTS, orphans))


def test_an_edge_says_how_much_of_it_connects(client: WebClient) -> None:
    assert by_consumer(client, "edge_handovers") == {"payment-service": 1, "stock-service": 1}
    assert by_consumer(client, "edge_connected") == {"payment-service": 1, "stock-service": 0}
    assert by_consumer(client, "edge_broken") == {"payment-service": 0, "stock-service": 1}


def test_the_last_hour_is_told_apart() -> None:
    client = application(small_scene().store(), now=2 + HOUR)

    assert by_consumer(client, "edge_recent_connected")["payment-service"] == 0
    assert by_consumer(client, "edge_connected")["payment-service"] == 1
    assert by_consumer(application(small_scene().store()), "edge_recent_connected") == {
        "payment-service": 1,
        "stock-service": 0,
    }


def test_roots_are_told_by_cause_and_only_settled_ones_count_as_broken() -> None:
    client = application(small_scene().store(), now=1_001)

    roots = [
        (labels["cause"], labels["expected"], labels["settled"], value)
        for name, labels, value in read_samples(client)
        if name == "tracestitch_orphans"
    ]
    assert roots == [("S1", "false", "false", 1), ("S1", "false", "true", 0)]
    assert by_consumer(client, "edge_broken")["stock-service"] == 0


def test_an_expected_root_is_no_broken_one() -> None:
    scene = Scene()
    scene.orphan(scene.span(1, 1, service="stock-service"), expected=True, cause_code="P3")

    assert by_consumer(application(scene.store()), "edge_broken") == {"stock-service": 0}


def test_only_so_many_edges_have_series_of_their_own() -> None:
    edges = [
        {"destination": f"q{n:04}", "count": 9_000 - n, "broken": 1} for n in range(MOST_EDGES + 3)
    ]
    figures = fold(edges, [])

    assert figures.edges_folded == 3
    assert len(figures.edges) == MOST_EDGES + 1
    smallest = [9_000 - n for n in range(MOST_EDGES, MOST_EDGES + 3)]
    assert figures.edges[tuple(OTHERS.values())] == (sum(smallest), 0, 3, 0, 0)


def test_roots_that_somebody_should_look_at_are_folded_last() -> None:
    quiet = [
        {"cause_code": "P3", "expected": True, "destination": f"q{n}", "count": 50}
        for n in range(MOST_ORPHAN_GROUPS)
    ]
    loud = {"cause_code": "S1", "destination": "orders", "count": 3, "settled_count": 2}
    figures = fold([], [*quiet, loud])

    own = {key: value for key, value in figures.orphans.items() if "orders" in key}
    assert sorted((key[2], value) for key, value in own.items()) == [("false", 1), ("true", 2)]
    assert figures.orphan_groups_folded == 1
    assert figures.orphans[("P3", "true", "false", *OTHERS.values())] == 50


def test_long_names_are_cut_and_those_that_become_one_are_one_series() -> None:
    long = "q" * 5_000
    figures = fold(
        [{"destination": f"{long}1", "count": 2}, {"destination": f"{long}2", "count": 1}], []
    )

    ((labels, counts),) = figures.edges.items()
    assert counts[0] == 3
    assert max(map(len, labels)) == LONGEST_LABEL


@pytest.mark.parametrize(
    "name", ['a"b', "a\\", 'x"} 1\ntracestitch_up 1', "\r\n", "\x00\x1b[31m", "é ‮ 日本", "a,b={}"]
)
def test_a_hostile_name_is_one_label_and_nothing_else(name: str) -> None:
    scene = Scene()
    scene.orphan(scene.span(1, 1, service=name), destination=name)
    client = application(scene.store())

    edges = [s for s in read_samples(client) if s[0] == "tracestitch_edge_handovers"]
    ((_, labels, value),) = edges
    assert value == 1
    assert labels["destination"] == "".join(c if c.isprintable() else "\ufffd" for c in name)
    assert not any(name == "tracestitch_up" for name, _, _ in read_samples(client))


def test_nothing_of_edges_is_told_while_the_store_cannot_be_read() -> None:
    store = small_scene().store()
    client = application(store)
    store.close()

    assert not any(name.startswith("tracestitch_edge_") for name, _, _ in read_samples(client))
