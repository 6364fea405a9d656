"""Hand-overs: where each rule must fire and where it must not."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, SENT, UUID, delivery, send

OTHER = "77b01c20-0000-4c55-9f1e-2b7f6a309a41"


def test_a_remote_parent_is_a_propagated_hand_over() -> None:
    answers = analysed(send(), delivery(trace=1, parent=11))
    assert answers.edges == {(SENT, (1, 21)): "parent"}
    connection = answers.connections[SENT, (1, 21)]
    assert connection["confidence"] == 1.0
    assert connection["wait_nano"] == 900_000_000
    assert connection["evidence"] == []  # the ids themselves: nothing to keep beside them
    assert answers.orphans == {}


def test_a_link_is_a_propagated_hand_over() -> None:
    answers = analysed(send(), delivery(links=[link(trace=1, id=11)]))
    assert answers.edges == {(SENT, DELIVERED): "link"}
    assert answers.orphans == {}


def test_a_link_stands_whatever_the_clocks_say() -> None:
    answers = analysed(send(at=500.0), delivery(at=2.0, links=[link(trace=1, id=11)]))
    assert answers.edges == {(SENT, DELIVERED): "link"}
    assert answers.connections[SENT, DELIVERED]["wait_nano"] < 0


def test_parent_and_link_to_the_same_producer_are_one_entry() -> None:
    answers = analysed(send(), delivery(trace=1, parent=11, links=[link(trace=1, id=11)]))
    assert answers.edges == {(SENT, (1, 21)): "parent"}


def test_an_http_call_between_services_is_no_hand_over() -> None:
    answers = analysed(
        span(name="GET /stock", trace=1, id=11, kind="CLIENT", service="a"),
        span(name="GET /stock", trace=1, id=21, parent=11, kind="SERVER", service="b"),
    )
    assert answers.connections == {}
    assert answers.orphans == {}


def test_the_same_message_id_stitches() -> None:
    attributes = {"messaging.message.id": UUID}
    answers = analysed(send(attributes=attributes), delivery(attributes=attributes))
    assert answers.edges == {(SENT, DELIVERED): "message-id"}
    connection = answers.connections[SENT, DELIVERED]
    assert connection["relation"] == "stitch"
    assert connection["confidence"] == 0.98
    assert connection["evidence"] == [
        {"field": "messaging.message.id", "producer": UUID, "consumer": UUID}
    ]


def test_old_and_new_names_of_the_message_id_are_one_thing() -> None:
    answers = analysed(
        send(attributes={"messaging.message_id": UUID}),
        delivery(attributes={"messaging.message.id": UUID}),
    )
    assert answers.edges == {(SENT, DELIVERED): "message-id"}


def test_another_message_id_does_not_stitch() -> None:
    answers = analysed(
        send(attributes={"messaging.message.id": UUID}),
        delivery(attributes={"messaging.message.id": OTHER}),
    )
    assert answers.edges == {}


def test_a_message_consumed_long_before_it_was_sent_is_another_one() -> None:
    attributes = {"messaging.message.id": UUID}
    answers = analysed(send(at=100.0, attributes=attributes), delivery(attributes=attributes))
    assert answers.edges == {}


def test_a_message_id_on_a_link_without_context_is_read() -> None:
    answers = analysed(
        send(attributes={"messaging.message.id": UUID}),
        delivery(links=[link(trace=0, id=0, attributes={"messaging.message.id": UUID})]),
    )
    assert answers.edges == {(SENT, DELIVERED): "message-id"}


def test_a_message_id_on_an_event_is_read() -> None:
    answers = analysed(
        send(events=[("put", {"messaging.message.id": UUID})]),
        delivery(attributes={"messaging.message.id": UUID}),
    )
    assert answers.edges == {(SENT, DELIVERED): "message-id"}


@pytest.mark.parametrize(
    "spelling",
    [
        {"messaging.kafka.partition": 2, "messaging.kafka.offset": 7},
        {"messaging.destination.partition.id": "2", "messaging.kafka.message.offset": 7},
        {"messaging.kafka.partition": 2, "messaging.kafka.offset": "7"},
        {"messaging.message.id": "payments.2.7"},
    ],
)
def test_the_same_record_stitches_however_it_is_spelled(spelling: dict[str, Any]) -> None:
    position = {"messaging.kafka.destination.partition": 2, "messaging.kafka.message.offset": 7}
    answers = analysed(send(attributes=KAFKA | position), delivery(attributes=KAFKA | spelling))
    assert answers.edges == {(SENT, DELIVERED): "kafka-offset"}
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.95


def test_the_same_offset_of_another_cluster_or_environment_is_another_record() -> None:
    position = {"messaging.kafka.partition": 2, "messaging.kafka.offset": 7}
    here = KAFKA | position | {"messaging.kafka.cluster.id": "a"}
    there = KAFKA | position | {"messaging.kafka.cluster.id": "b"}
    assert analysed(send(attributes=here), delivery(attributes=there)).edges == {}
    staging = delivery(
        attributes=KAFKA | position, resource={"deployment.environment.name": "staging"}
    )
    assert analysed(send(attributes=KAFKA | position), staging).edges == {}


def test_unassigned_offsets_never_stitch() -> None:
    position = {"messaging.kafka.partition": 2, "messaging.kafka.offset": -1001}
    answers = analysed(send(attributes=KAFKA | position), delivery(attributes=KAFKA | position))
    assert answers.edges == {}


def test_a_topic_made_anew_joins_the_nearest_earlier_record() -> None:
    position = KAFKA | {"messaging.kafka.partition": 0, "messaging.kafka.offset": 0}
    answers = analysed(
        send(attributes=position),
        send(trace=3, id=31, at=100.0, attributes=position),
        delivery(at=101.0, attributes=position),
    )
    assert answers.edges == {((3, 31), DELIVERED): "kafka-offset"}


def test_an_order_id_stitches_where_one_producer_and_one_delivery_are_left() -> None:
    answers = analysed(send(attributes=ORDER), delivery(attributes=ORDER))
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}
    assert answers.connections[SENT, DELIVERED]["confidence"] == 0.9


def test_an_order_id_above_the_producer_and_below_the_consumer_is_read() -> None:
    answers = analysed(
        span(
            name="POST /orders",
            trace=1,
            id=10,
            kind="SERVER",
            service="order-service",
            attributes=ORDER,
            at=0.9,
            duration=0.5,
        ),
        send(parent=10),
        delivery(),
        span(
            name="charge",
            trace=2,
            id=22,
            parent=21,
            service="payment-service",
            attributes=ORDER,
            at=2.01,
            duration=0.01,
        ),
    )
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}


def test_an_order_id_with_two_producers_draws_nothing() -> None:
    answers = analysed(
        send(attributes=ORDER), send(trace=3, id=31, attributes=ORDER), delivery(attributes=ORDER)
    )
    assert answers.edges == {}
    assert {c["confidence"] for c in answers.connections.values()} == {0.3}


def test_an_order_id_does_not_join_other_queues_or_environments() -> None:
    elsewhere = delivery(attributes=ORDER | {"messaging.destination.name": "refunds"})
    assert analysed(send(attributes=ORDER), elsewhere).edges == {}
    staging = delivery(attributes=ORDER, resource={"deployment.environment.name": "staging"})
    assert analysed(send(attributes=ORDER), staging).edges == {}


def test_a_producer_that_is_explained_is_not_claimed_by_an_order_id() -> None:
    answers = analysed(
        send(attributes=ORDER),
        delivery(trace=1, parent=11, attributes=ORDER),
        delivery(attributes=ORDER),
    )
    assert answers.edges == {(SENT, (1, 21)): "parent"}


def test_more_candidates_than_anybody_would_look_at_are_not_listed() -> None:
    rivals = [send(trace=100 + n, id=11, attributes=ORDER) for n in range(14)]
    assert analysed(*rivals, delivery(attributes=ORDER)).connections == {}
    assert len(analysed(*rivals[:13], delivery(attributes=ORDER)).connections) == 13


def test_an_event_bus_reaches_a_queue_only_where_nobody_sends_to_it() -> None:
    bus = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"} | ORDER
    answers = analysed(send(attributes=bus), delivery(attributes=ORDER))
    assert answers.edges == {(SENT, DELIVERED): "correlation-id"}
    direct = send(trace=3, id=31, attributes=ORDER)
    answers = analysed(send(attributes=bus), direct, delivery(attributes=ORDER))
    assert answers.edges == {((3, 31), DELIVERED): "correlation-id"}


def test_receive_and_process_are_one_delivery() -> None:
    answers = analysed(
        send(attributes={"messaging.message.id": UUID}),
        delivery(id=20, name="orders receive", attributes={"messaging.operation": "receive"}),
        delivery(
            parent=20,
            name="orders process",
            attributes={"messaging.operation": "process", "messaging.message.id": UUID},
            links=[link(trace=1, id=11)],
        ),
    )
    assert answers.edges == {(SENT, DELIVERED): "link"}
    assert answers.orphans == {}


def received(**changes: Any) -> Any:
    """What kafka-python's library tells: a receive span that ends before the work begins."""
    told = {"name": "payments receive", "id": 20, "parent": 11, "trace": 1, "duration": 0.001}
    at = {"messaging.operation": "receive", "messaging.kafka.partition": 0}
    return delivery(**(told | changes), attributes=KAFKA | at)


def test_work_that_continues_the_producer_beside_the_librarys_receive_span_is_one_delivery() -> (
    None
):
    work: dict[str, Any] = {"trace": 1, "id": 30, "parent": 11, "at": 2.002}
    body = span("handle order", **work, service="payment-service")
    both = analysed(send(attributes=KAFKA), received(), body)
    assert both.edges == {(SENT, (1, 30)): "parent"}
    assert both.orphans == {}

    assert analysed(send(attributes=KAFKA), received()).edges == {(SENT, (1, 20)): "parent"}
    another = span("handle order", **work, service="stock-service")
    assert set(analysed(send(attributes=KAFKA), received(), another).edges) == {
        (SENT, (1, 20)),
        (SENT, (1, 30)),
    }
    # another message's work
    second = send(trace=3, id=31, attributes=KAFKA)
    told = span("handle order", **(work | {"trace": 3, "parent": 31}), service="payment-service")
    assert set(analysed(send(attributes=KAFKA), received(), second, told).edges) == {
        (SENT, (1, 20)),
        ((3, 31), (3, 30)),
    }


def test_two_groups_of_a_service_are_two_deliveries() -> None:
    group = "messaging.consumer.group.name"
    one = delivery(
        trace=1,
        parent=11,
        attributes=KAFKA | {group: "one", "messaging.operation": "process"},
    )
    other = delivery(
        trace=1,
        id=22,
        parent=11,
        attributes=KAFKA
        | {group: "two", "messaging.operation": "receive", "messaging.kafka.partition": 0},
    )
    assert len(analysed(send(attributes=KAFKA), one, other).edges) == 2


def test_a_span_around_the_instrumented_send_is_the_same_producer() -> None:
    answers = analysed(
        send(id=10, name="order.publish", kind="INTERNAL"),
        send(id=11, parent=10, name="orders send", attributes={"messaging.message.id": UUID}),
        delivery(attributes={"messaging.message.id": UUID}),
    )
    assert answers.edges == {(SENT, DELIVERED): "message-id"}


def test_an_aws_api_call_below_a_send_is_not_a_second_producer() -> None:
    answers = analysed(
        send(attributes={"messaging.message.id": UUID}),
        send(
            id=12,
            parent=11,
            name="SQS.SendMessage",
            kind="CLIENT",
            scope="opentelemetry.instrumentation.botocore.sqs",
            attributes={"messaging.message.id": UUID, "rpc.method": "SendMessage"},
        ),
        delivery(attributes={"messaging.message.id": UUID}),
    )
    assert answers.edges == {(SENT, DELIVERED): "message-id"}


def test_redeliveries_are_attempts_of_one_message() -> None:
    attributes = {"messaging.message.id": UUID}
    answers = analysed(
        send(attributes=attributes),
        delivery(trace=2, id=21, at=2.0, status="ERROR", attributes=attributes),
        delivery(trace=3, id=31, at=4.0, attributes=attributes),
    )
    attempts = {pair[1]: c["attempt"] for pair, c in answers.connections.items()}
    assert attempts == {(2, 21): 1, (3, 31): 2}


def test_a_batch_links_to_every_producer() -> None:
    answers = analysed(
        send(),
        send(trace=3, id=31),
        delivery(links=[link(trace=1, id=11), link(trace=3, id=31)]),
    )
    assert set(answers.edges) == {(SENT, DELIVERED), ((3, 31), DELIVERED)}


def test_a_self_sending_service_hands_over_to_itself() -> None:
    answers = analysed(send(service="worker"), delivery(trace=1, parent=11, service="worker"))
    assert answers.edges == {(SENT, (1, 21)): "parent"}


@pytest.mark.parametrize("parent", [21, 11])
def test_parent_cycles_and_self_parents_are_survived(parent: int) -> None:
    answers = analysed(send(parent=21, trace=1), delivery(trace=1, parent=parent))
    assert set(answers.orphans) <= {(1, 21)}


def test_no_spans_give_no_answers() -> None:
    answers = analysed()
    assert (answers.connections, answers.orphans) == ({}, {})
