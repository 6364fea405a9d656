"""A producer whose span is not stored: its consumer is not given to somebody else's message."""

from typing import Any

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import ORDER, SENT, delivery, send

BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "shop-bus"}
LATER = (3, 31)


def arrived(**changes: Any) -> Any:
    """The delivery of `send` to a first queue, which its link states."""
    return delivery(links=[link(trace=1, id=11)], attributes={**ORDER, **changes})


def later(queue: str = "invoices", **changes: Any) -> Any:
    """A delivery of another service, with the same order, later."""
    attributes = {"messaging.destination.name": queue, **ORDER}
    return delivery(trace=3, id=31, service="invoicing", at=4.0, attributes=attributes, **changes)


def test_an_event_that_arrived_is_only_a_candidate_for_another_queue() -> None:
    found = analysed(send(attributes={**BUS, **ORDER}), arrived(), later())
    assert found.edges == {(SENT, (2, 21)): "link"}
    assert found.connections[(SENT, LATER)]["confidence"] < 0.5


def test_an_event_that_arrived_nowhere_else_explains_a_queue() -> None:
    found = analysed(send(attributes={**BUS, **ORDER}), later())
    assert found.edges == {(SENT, LATER): "correlation-id"}


def test_a_second_consumer_of_the_same_topic_is_still_found_by_the_order() -> None:
    kafka = {"messaging.system": "kafka", **ORDER}
    found = analysed(
        send(attributes=kafka),
        arrived(**kafka),
        delivery(trace=3, id=31, service="audit", at=4.0, attributes=kafka),
    )
    assert found.edges == {(SENT, (2, 21)): "link", (SENT, LATER): "correlation-id"}


def test_a_dead_letter_is_found_by_the_order_although_an_attempt_was_delivered() -> None:
    found = analysed(send(attributes=ORDER), arrived(), later("orders-dlq"))
    assert found.edges[(SENT, LATER)] == "correlation-id"


def test_a_delivery_that_names_a_missing_producer_is_not_given_another_destinations() -> None:
    lost = later(links=[link(trace=9, id=91)])
    found = analysed(send(attributes={**BUS, **ORDER}), lost)
    assert found.edges == {}


def test_a_missing_send_beside_one_that_arrived_in_the_same_trace_is_not_that_one() -> None:
    first = delivery(trace=1, id=21, parent=11, flags=0x300)
    second = delivery(trace=1, id=31, parent=99, flags=0x300, at=3.0)
    found = analysed(send(), first, second)
    assert found.edges == {(SENT, (1, 21)): "parent"}


FUNCTION = span(
    "stock-fn",
    trace=1,
    id=41,
    parent=99,
    flags=0x300,
    kind="SERVER",
    service="stock-fn",
    at=4.0,
    attributes={"faas.trigger": "pubsub", "faas.invocation_id": "1"},
)


def test_a_consumer_that_names_no_destination_is_not_given_a_message_that_arrived() -> None:
    first = delivery(trace=1, id=21, parent=11, flags=0x300)
    assert analysed(send(), first, FUNCTION).edges == {(SENT, (1, 21)): "parent"}


def test_a_function_in_the_trace_of_its_only_send_is_found() -> None:
    assert analysed(send(attributes=BUS), FUNCTION).edges == {(SENT, (1, 41)): "same-trace"}


def test_a_function_in_a_trace_that_sends_to_two_places_is_only_a_candidate() -> None:
    topic = {"messaging.system": "aws.sns", "messaging.destination.name": "news"}
    found = analysed(send(attributes=BUS), send(id=12, at=1.5, attributes=topic), FUNCTION)
    assert found.edges == {}


def test_a_send_of_another_consumer_of_the_missing_event_is_not_its_producer() -> None:
    other: dict[str, Any] = {"parent": 99, "flags": 0x300, "kind": "SERVER", "service": "audit-fn"}
    first = span("audit-fn", id=51, at=0.5, attributes={"faas.trigger": "pubsub"}, **other)
    sent_on = send(parent=51, service="audit-fn", attributes=BUS)
    assert analysed(first, sent_on, FUNCTION).edges == {}


def test_no_broker_that_cannot_invoke_functions_is_taken_for_one() -> None:
    assert analysed(send(attributes={"messaging.system": "rabbitmq"}), FUNCTION).edges == {}


def test_a_rewritten_parent_in_the_same_trace_still_finds_its_send() -> None:
    found = analysed(send(), delivery(trace=1, id=21, parent=99, flags=0x300))
    assert found.edges == {(SENT, (1, 21)): "same-trace"}


def test_a_send_two_hops_below_another_consumer_of_the_missing_event_is_not_its_producer() -> None:
    lost: dict[str, Any] = {"parent": 99, "flags": 0x300, "trace": 1}
    first = delivery(id=2, service="stock", **lost)
    onward = send(trace=1, id=3, parent=2, service="stock")
    second = delivery(trace=1, id=4, parent=3, service="billing", flags=0x300)
    last = send(trace=1, id=5, parent=4, service="billing")
    reader = delivery(id=6, service="mail", at=9.0, **lost)
    answers = analysed(first, onward, second, last, reader)
    assert (1, 6) not in {consumer for _, consumer in answers.edges}


def test_a_function_that_passes_on_its_own_missing_segment_is_the_producer() -> None:
    lost: dict[str, Any] = {"parent": 99, "flags": 0x300, "trace": 1}
    root = span(**lost, id=2, name="GET /orders", kind="SERVER", service="orders")
    sent = send(trace=1, id=3, parent=2, service="orders")
    reader = delivery(id=6, service="mail", at=9.0, **lost)
    assert analysed(root, sent, reader).edges == {((1, 3), (1, 6)): "same-trace"}
