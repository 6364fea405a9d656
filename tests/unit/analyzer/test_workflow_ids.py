"""Workflow ids: of many orders and hops, so only the last resort."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.unit.analyzer.messages import DELIVERED, SENT, delivery, send

FLOW = {"workflow.id": "WF-1"}


def test_a_workflow_id_stitches_the_one_producer_and_delivery_of_a_destination() -> None:
    answers = analysed(send(attributes=FLOW), delivery(attributes=FLOW))
    assert answers.edges == {(SENT, DELIVERED): "workflow-id"}
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.85


def test_two_orders_of_a_workflow_are_told_apart_by_their_order_ids() -> None:
    answers = analysed(
        send(attributes=FLOW | {"order.id": "A"}),
        send(trace=3, id=31, attributes=FLOW | {"order.id": "B"}),
        delivery(attributes=FLOW | {"order.id": "B"}),
    )
    assert answers.edges == {((3, 31), DELIVERED): "correlation-id"}


def test_two_producers_of_a_workflow_are_listed_and_none_is_drawn() -> None:
    answers = analysed(
        send(attributes=FLOW), send(trace=3, id=31, attributes=FLOW), delivery(attributes=FLOW)
    )
    assert answers.edges == {}
    assert len(answers.connections) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": FLOW | {"messaging.destination.name": "stock"}},
        {"attributes": FLOW | {"order.id": "ORD-2"}},
        {"attributes": {"workflow.id": "WF-2"}},
        {"resource": {"deployment.environment.name": "test"}},
        {"at": -60.0},
    ],
)
def test_a_workflow_id_does_not_stitch_what_does_not_fit(changes: dict[str, Any]) -> None:
    told: dict[str, Any] = {"attributes": FLOW} | changes
    answers = analysed(send(attributes=FLOW | {"order.id": "ORD-1"}), delivery(**told))
    assert answers.edges == {}
