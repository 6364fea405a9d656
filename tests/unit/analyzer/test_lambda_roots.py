"""Lambda roots that do not say what invoked them."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import span
from tests.unit.analyzer.messages import DELIVERED, ORDER, SENT, send

BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"}


def silent_lambda(**changes: Any) -> Any:
    told: dict[str, Any] = {"name": "notify", "trace": 2, "id": 21, "kind": "SERVER", "at": 2.0}
    told |= {"service": "notify", "attributes": {"faas.invocation_id": "i-1"} | ORDER}
    return span(**(told | changes))


def test_a_lambda_root_that_names_no_trigger_is_a_delivery_if_an_id_finds_the_event() -> None:
    answers = analysed(send(attributes=BUS | ORDER), silent_lambda())
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}
    assert answers.causes == {DELIVERED: "E1"}
    assert answers.endpoints[DELIVERED]["system"] == "aws_eventbridge"


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param(
            [send(attributes=BUS), silent_lambda()], id="no id on the producer: perhaps a timer"
        ),
        pytest.param([send(attributes=ORDER), silent_lambda()], id="a queue's event would say so"),
        pytest.param(
            [
                send(attributes=BUS | ORDER),
                silent_lambda(attributes={"faas.trigger": "http", "faas.invocation_id": "i"}),
            ],
            id="a request",
        ),
        pytest.param(
            [
                send(attributes=BUS | ORDER),
                silent_lambda(),
                send(trace=2, id=22, parent=21, service="notify"),
            ],
            id="one that sends",
        ),
    ],
)
def test_other_lambda_roots_are_no_deliveries(spans: list[Any]) -> None:
    answers = analysed(*spans)
    assert answers.edges == {}
    assert answers.orphans == {}
    assert DELIVERED not in answers.endpoints
