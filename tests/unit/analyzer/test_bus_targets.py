"""A bus has several targets: that an event reached one says nothing against another."""

from typing import Any

from tests.analysed import Analysed, analysed
from tests.unit.analyzer.messages import ORDER, SENT, delivery, send

BUS = {"messaging.system": "aws_eventbridge"}
EVENT = BUS | ORDER | {"messaging.destination.name": None, "faas.trigger": "pubsub"}


def target(**changes: Any) -> Any:
    """`order.process` of a service that the rule calls, which names the bus alone."""
    told: dict[str, Any] = {"trace": 3, "id": 31, "service": "stock-service", "attributes": EVENT}
    return delivery(**(told | changes))


def answers(*spans: Any) -> Analysed:
    """Of an event that another target continues, and these."""
    event = send(attributes=BUS | ORDER | {"messaging.destination.name": "shop"})
    healthy = target(trace=1, id=21, parent=11, flags=0x300, service="payment-service")
    return analysed(event, healthy, *spans)


def edges(*spans: Any) -> set[Any]:
    return {pair for pair in answers(*spans).edges if pair[1] != (1, 21)}


def test_a_target_that_lost_the_context_is_joined_by_its_order() -> None:
    found = answers(target())
    assert found.edges[SENT, (3, 31)] == "correlation-id"
    assert found.causes == {(3, 31): "E2"}


def test_work_about_something_else_or_of_a_queue_is_not() -> None:
    assert edges(target(name="refund.process")) == set()
    assert edges(target(attributes=ORDER | {"messaging.destination.name": "stock"})) == set()


def test_two_events_about_the_order_tie() -> None:
    second = send(trace=5, id=51, attributes=BUS | ORDER | {"messaging.destination.name": "shop"})
    assert edges(second, target()) == set()
