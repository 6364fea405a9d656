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


def event(id: int, order: str, at: float, **told: Any) -> Any:  # noqa: A002 - as OTLP calls it
    """One of several events that one trace sends to a bus."""
    return send(id=id, at=at, attributes=BUS | {"order.id": order} | told)


def invoked(id: int, missing: int, order: str | None = None, **told: Any) -> list[Any]:  # noqa: A002 - as above
    """A function that an event of that trace invoked by way of a span nobody stores."""
    where: dict[str, Any] = {"trace": 1, "service": "stock-fn", "flags": 0x300}
    attributes = {"faas.trigger": "pubsub", "faas.invocation_id": str(id)} | told
    root = span("fn", id=id, parent=missing, kind="SERVER", at=4.0, attributes=attributes, **where)
    handled = {"order.id": order} if order else {}
    where["flags"] = 0x100
    return [root, span("handle", id=id + 1, parent=id, at=4.0, attributes=handled, **where)]


def test_of_several_sends_of_a_trace_none_is_taken_for_the_missing_one() -> None:
    found = analysed(
        *(event(11, "A", 1.0), event(12, "B", 2.0)), *invoked(41, 91), *invoked(51, 92)
    )
    assert found.edges == {}
    assert {pair: c["confidence"] for pair, c in found.connections.items()} == {
        ((1, sent), (1, root)): 0.3 for sent in (11, 12) for root in (41, 51)
    }
    assert found.causes == {(1, 41): "X2", (1, 51): "X2"}


def test_the_clocks_of_the_sends_do_not_choose_among_them() -> None:
    found = analysed(event(11, "A", 1.0), event(12, "B", 4.05), *invoked(41, 91))
    assert found.edges == {}


def test_of_several_sends_of_a_trace_the_one_that_names_the_order_is_taken() -> None:
    sends = (event(11, "A", 1.0), event(12, "B", 2.0))
    found = analysed(*sends, *invoked(41, 91, "A"), *invoked(51, 92, "B"), *invoked(61, 92, "B"))
    pairs = {(SENT, (1, 41)), ((1, 12), (1, 51)), ((1, 12), (1, 61))}
    assert found.edges == dict.fromkeys(pairs, "same-trace")
    assert {found.connections[pair]["confidence"] for pair in pairs} == {0.9}
    evidence = found.connections[(SENT, (1, 41))]["evidence"]
    assert [item["field"] for item in evidence] == ["trace_id", "order.id"]


def test_several_sends_that_name_the_order_or_another_are_candidates_only() -> None:
    sends = (event(11, "A", 1.0), event(12, "A", 2.0), event(13, "B", 3.0))
    assert analysed(*sends, *invoked(41, 91, "A")).edges == {}
    assert analysed(*sends, *invoked(41, 91, "C")).edges == {}


def test_an_order_that_a_send_inherits_does_not_choose_among_several() -> None:
    requests = [
        span("GET /", id=number, attributes={"order.id": order})
        for number, order in ((2, "A"), (3, "B"))
    ]
    sends = (send(id=11, parent=2, attributes=BUS), send(id=12, parent=3, attributes=BUS))
    assert analysed(*requests, *sends, *invoked(41, 91, "A")).edges == {}


def test_a_send_that_is_left_when_the_others_arrived_is_the_missing_one() -> None:
    first = delivery(trace=1, id=21, parent=11, flags=0x300)
    second = delivery(trace=1, id=31, parent=99, flags=0x300, at=3.0)
    found = analysed(send(), send(id=12, at=1.1), first, second)
    assert found.edges == {(SENT, (1, 21)): "parent", ((1, 12), (1, 31)): "same-trace"}


def test_an_event_of_another_detail_type_is_not_the_missing_one() -> None:
    kind = "aws.eventbridge.detail_type"
    sends = (event(11, "A", 1.0, **{kind: "Placed"}), event(12, "A", 2.0, **{kind: "Paid"}))
    placed = {"messaging.system": "aws_eventbridge", kind: "Placed"}
    assert analysed(*sends, *invoked(41, 91, **placed)).edges == {(SENT, (1, 41)): "same-trace"}
