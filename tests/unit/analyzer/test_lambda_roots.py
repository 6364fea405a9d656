"""Lambda roots that do not say what invoked them."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import EPOCH, SECOND, span
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


SEGMENT = ((EPOCH // SECOND) << 96) | 5
PUT = {"messaging.system": "aws_eventbridge"}


def put(**changes: Any) -> Any:
    """PutEvents in a trace that X-Ray's id names."""
    return send(**({"trace": SEGMENT, "kind": "CLIENT", "attributes": PUT} | changes))


def follows_xray(**changes: Any) -> Any:
    """A silent root in that trace, below a segment that is not stored."""
    told: dict[str, Any] = {"trace": SEGMENT, "parent": 99, "flags": 0x300}
    return silent_lambda(**(told | {"attributes": {"faas.invocation_id": "i-1"}} | changes))


@pytest.mark.parametrize("trace", [SEGMENT, 1], ids=["of X-Ray", "of OpenTelemetry"])
def test_a_silent_function_in_the_trace_of_an_event_is_x2(trace: int) -> None:
    answers = analysed(put(trace=trace), follows_xray(trace=trace))
    assert set(answers.causes.values()) == {"X2"}


def test_a_silent_function_whose_parent_is_not_stored_is_no_delivery_of_another_trace() -> None:
    caller = span("POST /notify", trace=1, id=3, at=1.5)
    follows = follows_xray(trace=1, attributes={"faas.invocation_id": "i-1"} | ORDER)
    answers = analysed(put(trace=7, attributes=PUT | ORDER), caller, follows)
    assert answers.edges == {}
    assert answers.causes == {}


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param(
            [
                span("notify", trace=SEGMENT, id=3, parent=98, flags=0x300, kind="SERVER",
                     service="notify", at=0.9, attributes={"faas.invocation_id": "i-0"}),
                put(parent=3, service="notify"),
                follows_xray(at=60.0),
            ],
            id="its own earlier attempt sent",
        ),
        pytest.param(
            [put(), span("Lambda.Invoke", trace=SEGMENT, id=4, kind="CLIENT", at=1.5),
             follows_xray()],
            id="somebody called a function too",
        ),
        pytest.param(
            [put(), span("SFN.StartExecution", trace=SEGMENT, id=4, kind="CLIENT", at=1.5),
             follows_xray()],
            id="somebody started a state machine too",
        ),
        pytest.param(
            [send(trace=SEGMENT), follows_xray()], id="a queue's event would say so"
        ),
    ],
)  # fmt: skip
def test_a_silent_function_that_others_may_have_invoked_is_not_x2(spans: list[Any]) -> None:
    answers = analysed(*spans)
    assert answers.edges == {}
    assert answers.causes == {}
