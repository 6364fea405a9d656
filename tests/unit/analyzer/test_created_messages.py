"""Messages with a span of their own, which another one sends (Azure, Google Pub/Sub)."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import DELIVERED, ORDER, SENT, delivery, send

AZURE = {"messaging.system": "servicebus", "messaging.destination.name": "orders"}
PUBLISH = AZURE | {"messaging.operation": "publish"}
CREATE = {"messaging.operation": "create"}


def request() -> Any:
    return span("POST /orders", id=10, kind="SERVER", service="order-service", attributes=ORDER)


def message(**changes: Any) -> Any:
    return send(**({"name": "Message", "parent": 10, "attributes": AZURE} | changes))


def call(**changes: Any) -> Any:
    told = {"name": "ServiceBusSender.Send", "id": 12, "parent": 10, "kind": "CLIENT", "at": 1.05}
    return send(**({**told, "attributes": PUBLISH, "links": [link(1, 11)]} | changes))


def taken(**changes: Any) -> Any:
    return delivery(**({"attributes": AZURE | ORDER} | changes))


def test_the_call_that_sends_a_message_is_no_second_producer_of_it() -> None:
    answers = analysed(request(), message(), call(), taken())
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}
    assert (1, 12) not in answers.endpoints


def test_a_context_that_points_at_the_call_is_that_of_its_one_message() -> None:
    answers = analysed(request(), message(), call(), taken(links=[link(1, 12)]))
    assert list(answers.edges.values()) == ["link"]
    later = taken(trace=3, id=31, at=2.5)
    assert len(analysed(request(), message(), call(), taken(links=[link(1, 12)]), later).edges) == 1


@pytest.mark.parametrize("kind", ["CLIENT", "PRODUCER"])
def test_a_call_carries_several_created_messages(kind: str) -> None:
    other = message(trace=4, id=41, parent=None, attributes=AZURE | CREATE | {"order.id": "ORD-2"})
    batch = call(trace=5, parent=None, kind=kind, links=[link(1, 11), link(4, 41)])
    second = taken(trace=3, id=31, attributes=AZURE | {"order.id": "ORD-2"})
    created = message(attributes=AZURE | CREATE)
    answers = analysed(request(), created, other, batch, taken(), second)
    assert set(answers.edges) == {(SENT, DELIVERED), ((4, 41), (3, 31))}
    assert not {root for root in answers.causes if root[0] == 5}


def test_a_message_that_is_sent_on_is_another_one() -> None:
    """A forwarder links to the message it took: that one is of another service or place."""
    for changes in (
        {"service": "forwarder"},
        {"attributes": PUBLISH | {"messaging.destination.name": "archive"}},
    ):
        onward = call(trace=6, parent=None, **changes)
        assert (6, 12) in analysed(request(), message(), onward).endpoints


def test_a_producer_span_that_links_to_another_is_a_message_itself() -> None:
    second = call(kind="PRODUCER")
    assert (1, 12) in analysed(request(), message(), second).endpoints
