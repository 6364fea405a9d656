"""What somebody who asks the API about a recorded order is told."""

from typing import Any

import pytest

from tests.golden.recordings import open_recording, read_truth
from tests.golden.truth import ids_of
from tests.web_client import WebClient
from web.app import create_app

SERVICES = {"order-service", "payment-service", "inventory-service", "warehouse-service"}
WITH_EVERY_SERVICE = [
    "pipeline_healthy",
    "pipeline_attributes_not_requested",
    "pipeline_headers_dropped",
    "pipeline_input_transformer",
    "pipeline_xray_mixed",
    "pipeline_redelivery",
    "tutorial_healthy",
]


def ask(name: str, path: str, **parameters: str) -> Any:
    store, _ = open_recording(name)
    answer = WebClient(create_app(store)).get(f"/api/v1/{path}", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def journey(name: str, attribute: str) -> Any:
    return ask(name, "journeys", attribute=attribute)["journey"]


def services(of: Any) -> set[str]:
    return {span["service_name"] for span in of["spans"]}


@pytest.mark.parametrize("name", WITH_EVERY_SERVICE)
def test_each_order_is_one_journey_with_all_four_services(name: str) -> None:
    order_ids = {edge["order_id"] for edge in read_truth(name)["edges"]}
    for order_id in order_ids:
        assert services(journey(name, f"order.id={order_id}")) == SERVICES


def test_the_journey_of_a_dead_letter_shows_every_attempt() -> None:
    dead = journey("pipeline_dead_letters", "order.id=ORD-1006")
    assert dead["status"] == "dead-letter"
    assert services(dead) == {"order-service", "payment-service", "dead-letter-worker"}
    outcomes = [attempt["outcome"] for attempt in dead["attempts"]]
    assert outcomes == ["error", "error", "error", "dead-letter"]


def test_the_journey_of_a_redelivered_order_shows_both_attempts_and_is_well() -> None:
    redelivered = journey("pipeline_redelivery", "order.id=ORD-1006")
    assert redelivered["status"] == "ok"
    paid = [a for a in redelivered["attempts"] if a["destination"] == "orders"]
    assert [(a["attempt"], a["outcome"]) for a in paid] == [(1, "error"), (2, "ok")]


def test_a_workflow_is_a_journey_of_its_own_over_its_orders() -> None:
    workflow = journey("pipeline_fan_out", "workflow.id=WF-1006")
    orders = {span["attributes"]["order.id"] for span in workflow["spans"]}
    assert orders == {"ORD-1006", "ORD-1007", "ORD-1008"}
    assert services(workflow) == SERVICES | {"audit-service"}


def test_an_unsampled_producer_is_explained_and_not_blamed() -> None:
    orphans = ask("pipeline_producer_unsampled", "orphans")["orphans"]
    assert len(orphans) == 9
    assert all(orphan["expected"] for orphan in orphans)


def test_without_an_id_on_both_ends_a_cause_is_named_with_care() -> None:
    orphans = ask("tutorial_sqs_s1", "orphans")["orphans"]
    assert len(orphans) == 15
    for orphan in orphans:
        assert orphan["cause"]["code"] == "S1"
        assert orphan["cause"]["confidence"] <= 0.6
        assert {"S2", "S4"} <= {other["code"] for other in orphan["other_causes"]}
        assert orphan["producer"] is None


def test_without_an_id_on_both_ends_the_producer_is_only_a_candidate() -> None:
    answer = ask("tutorial_sqs_s1", "connections", candidates="true", limit="1000")
    guesses = [c for c in answer["connections"] if c["consumer"]["span_name"] == "order.process"]
    lost = {ids_of(root) for root in read_truth("tutorial_sqs_s1")["orphan_roots"]}
    assert {ids_of(guess["consumer"]) for guess in guesses} == lost
    assert {guess["producer"]["span_name"] for guess in guesses} == {"order.publish"}
    assert max(guess["confidence"] for guess in guesses) <= 0.6
