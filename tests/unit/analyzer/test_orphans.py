"""Orphan roots: what is one, what is none, and why."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, SENT, UUID, delivery, send

ID = {"messaging.message.id": UUID}
BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"}


def test_a_delivery_without_context_is_an_orphan_root_even_when_stitched() -> None:
    answers = analysed(send(attributes=ID), delivery(attributes=ID))
    assert answers.causes == {DELIVERED: "S1"}
    orphan = answers.orphans[DELIVERED]
    assert orphan["cause_confidence"] == 0.7
    assert (orphan["producer_trace_lo"], orphan["producer_span_id"]) == SENT
    assert orphan["producer_service_name"] == "order-service"
    assert not orphan["expected"]
    assert "--message-attribute-names All" in orphan["cause_fix"]


def test_without_any_shared_id_s1_comes_first_but_is_not_sure() -> None:
    answers = analysed(
        send(kind="INTERNAL"),
        delivery(attributes=ID | {"messaging.destination.name": ""}),
    )
    orphan = answers.orphans[DELIVERED]
    assert orphan["cause_code"] == "S1"
    assert orphan["cause_confidence"] <= 0.6
    assert {"S2", "S4"} <= {other["code"] for other in orphan["other_causes"]}
    assert orphan["producer_span_id"] is None
    assert "messaging.message.id" in orphan["cause_fix"]
    assert "order.id" in orphan["cause_fix"]
    assert orphan["destination"] == "orders"


def test_a_record_without_headers_is_k1() -> None:
    answers = analysed(send(attributes=KAFKA), delivery(attributes=KAFKA))
    assert answers.causes == {DELIVERED: "K1"}


def test_a_record_whose_context_reached_another_group_is_k3() -> None:
    position = KAFKA | {"messaging.kafka.partition": 0, "messaging.kafka.offset": 5}
    answers = analysed(
        send(attributes=position),
        delivery(trace=1, parent=11, service="audit", attributes=position),
        delivery(attributes=position),
    )
    assert answers.causes == {DELIVERED: "K3"}


def test_an_event_without_context_is_e1_until_its_producer_is_seen_to_inject() -> None:
    target = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "shipments"}
    broken = (send(attributes=BUS | ORDER), delivery(attributes=target | ORDER))
    assert analysed(*broken).causes == {DELIVERED: "E1"}
    healthy = (
        send(trace=5, id=51, attributes=BUS),
        delivery(trace=5, id=52, parent=51, attributes=target),
    )
    assert analysed(*broken, *healthy).causes == {DELIVERED: "E2"}


def test_a_queue_nobody_sends_to_has_an_uninstrumented_producer() -> None:
    answers = analysed(delivery(attributes=ID))
    assert answers.causes == {DELIVERED: "P3"}
    assert answers.orphans[DELIVERED]["expected"]


def test_a_context_that_points_at_an_absent_span_is_explained_not_blamed() -> None:
    answers = analysed(send(), delivery(links=[link(trace=9, id=91, flags=0x300)]))
    assert answers.causes == {DELIVERED: "P1"}
    assert answers.orphans[DELIVERED]["expected"]
    answers = analysed(send(), delivery(parent=99, flags=0x300))
    assert answers.causes == {DELIVERED: "P1"}


def test_a_managed_hop_keeps_the_trace_id() -> None:
    answers = analysed(
        send(attributes=BUS), delivery(trace=1, parent=99, flags=0x300, attributes=BUS)
    )
    assert answers.edges == {(SENT, (1, 21)): "same-trace"}
    assert answers.causes == {(1, 21): "X2"}


def test_dead_letters_without_context_are_s11() -> None:
    answers = analysed(
        send(attributes=ID), delivery(attributes=ID | {"messaging.destination.name": "orders-dlq"})
    )
    assert answers.causes == {DELIVERED: "S11"}


@pytest.mark.parametrize(
    "root",
    [
        pytest.param(
            span(
                name="orders receive",
                trace=2,
                id=21,
                kind="CONSUMER",
                service="w",
                attributes={
                    "messaging.system": "aws_sqs",
                    "messaging.operation": "receive",
                    "messaging.destination": "orders",
                },
            ),
            id="an idle poll (N1)",
        ),
        pytest.param(
            span(
                name="SQS.DeleteMessage",
                trace=2,
                id=21,
                kind="CLIENT",
                service="w",
                attributes={
                    "rpc.system": "aws-api",
                    "rpc.service": "SQS",
                    "rpc.method": "DeleteMessage",
                    "aws.request_id": "r",
                },
            ),
            id="a settle call (N4)",
        ),
        pytest.param(
            span(
                name="SQS.ReceiveMessage",
                trace=2,
                id=21,
                kind="CLIENT",
                service="w",
                scope="opentelemetry.instrumentation.botocore.sqs",
                attributes={
                    "rpc.system": "aws-api",
                    "rpc.service": "SQS",
                    "rpc.method": "ReceiveMessage",
                    "messaging.message.id": UUID,
                },
            ),
            id="an API-level receive",
        ),
        pytest.param(
            span(
                name="cleanup",
                trace=2,
                id=21,
                kind="SERVER",
                service="fn",
                attributes={"faas.trigger": "timer", "faas.invocation_id": "i"},
            ),
            id="a timer (N9)",
        ),
        pytest.param(
            span(name="POST /orders", trace=2, id=21, kind="SERVER", service="w"),
            id="an HTTP entry",
        ),
        pytest.param(
            span(
                name="order.publish",
                trace=2,
                id=21,
                kind="PRODUCER",
                service="w",
                attributes={"messaging.system": "aws_sqs"},
            ),
            id="a producer",
        ),
    ],
)
def test_expected_roots_are_no_orphans(root: Any) -> None:
    assert analysed(send(), root).orphans == {}


def test_a_local_parent_that_was_not_exported_is_no_broken_hop() -> None:
    assert analysed(send(), delivery(parent=99, flags=0x100)).orphans == {}


def test_a_recv_root_is_judged_by_its_process_span() -> None:
    recv = span(
        name="recv",
        trace=2,
        id=20,
        kind="CONSUMER",
        service="payment-service",
        at=1.9,
        duration=0.2,
        scope="opentelemetry.instrumentation.confluent_kafka",
    )
    linked = delivery(parent=20, attributes=KAFKA, links=[link(trace=1, id=11)])
    assert analysed(send(attributes=KAFKA), recv, linked).orphans == {}
    cut = delivery(parent=20, attributes=KAFKA)
    assert analysed(send(attributes=KAFKA), recv, cut).causes == {(2, 20): "K1"}


def test_a_kafka_error_event_is_no_delivery() -> None:
    scope = "opentelemetry.instrumentation.confluent_kafka"
    recv = span(name="recv", trace=2, id=20, kind="CONSUMER", service="w", scope=scope)
    event = span(
        name="payments process",
        trace=2,
        id=21,
        parent=20,
        kind="CONSUMER",
        service="w",
        scope=scope,
        attributes=KAFKA | {"messaging.kafka.partition": 0},
    )
    assert analysed(send(attributes=KAFKA), recv, event).orphans == {}


def polled(number: int, at: float, **changes: Any) -> list[Any]:
    """confluent-kafka's `recv` root and the process span of record payments.0.7 below it."""
    scope = "opentelemetry.instrumentation.confluent_kafka"
    told: dict[str, Any] = {"trace": number, "kind": "CONSUMER", "service": "w", "scope": scope}
    at_record = KAFKA | {"messaging.kafka.partition": 0, "messaging.message.id": "payments.0.7"}
    below = told | {"id": number * 10 + 1, "parent": number * 10, "at": at + 0.1} | changes
    return [
        span(name="recv", id=number * 10, at=at, **told),
        span(name="payments process", attributes=at_record, **below),
    ]


RECORD_7 = KAFKA | {"messaging.destination.partition.id": "0", "messaging.kafka.offset": 7}


def test_an_end_of_partition_event_before_its_record_is_no_delivery() -> None:
    answers = analysed(
        send(attributes=RECORD_7, at=3.0),
        *polled(2, at=1.9),
        *polled(4, at=3.1, links=[link(trace=1, id=11)]),
    )
    assert answers.orphans == {}
    assert answers.edges == {(SENT, (4, 41)): "link"}


def test_an_end_of_partition_event_before_a_record_that_is_cut_is_no_delivery() -> None:
    work = span("charge", trace=4, id=42, parent=41, service="w", at=3.21)
    answers = analysed(send(attributes=RECORD_7, at=3.0), *polled(2, at=1.9), *polled(4, 3.1), work)
    assert list(answers.orphans) == [(4, 40)]
    assert answers.edges == {(SENT, (4, 41)): "kafka-offset"}


def test_a_record_that_was_sent_before_and_comes_again_with_its_context_is_a_delivery() -> None:
    answers = analysed(
        send(attributes=RECORD_7, at=3.0),
        *polled(2, at=8.5),
        *polled(4, at=60.0, links=[link(trace=1, id=11)]),
    )
    assert list(answers.orphans) == [(2, 20)]


def by_hand(**changes: Any) -> Any:
    """The application's own span of record payments.0.7, made from its headers."""
    told: dict[str, Any] = {"name": "payments handle", "trace": 5, "id": 51, "service": "w"}
    return delivery(**(told | {"at": 2.1} | changes), attributes=RECORD_7)


def test_a_record_that_library_and_application_tell_of_is_one_orphan_root() -> None:
    answers = analysed(send(attributes=RECORD_7), *polled(2, at=2.0), by_hand())
    assert list(answers.orphans) == [(5, 51)]
    assert answers.edges == {(SENT, (5, 51)): "kafka-offset"}


def test_a_record_that_is_read_twice_is_two() -> None:
    again = by_hand(scope="opentelemetry.instrumentation.confluent_kafka")
    answers = analysed(send(attributes=RECORD_7), *polled(2, at=2.0), again)
    assert set(answers.orphans) == {(2, 20), (5, 51)}
    other = by_hand(service="audit")
    both = analysed(send(attributes=RECORD_7), *polled(2, at=2.0), other)
    assert set(both.orphans) == {(2, 20), (5, 51)}


def test_a_record_that_nobody_links_is_a_delivery() -> None:
    assert analysed(send(attributes=RECORD_7), *polled(2, at=1.9)).orphans


def test_the_same_position_in_another_environment_makes_no_delivery_an_event() -> None:
    staging = {"deployment.environment.name": "staging"}
    linked = polled(4, at=3.1, links=[link(trace=1, id=11)], resource=staging)
    answers = analysed(send(attributes=RECORD_7, resource=staging), *polled(2, at=1.9), *linked)
    assert list(answers.orphans) == [(2, 20)]


def test_a_healthy_neighbour_in_another_environment_does_not_blame_the_transformer() -> None:
    target = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "shipments"}
    staging = {"deployment.environment.name": "staging"}
    answers = analysed(
        send(attributes=BUS | ORDER),
        delivery(attributes=target | ORDER),
        send(trace=5, id=51, attributes=BUS, resource=staging),
        delivery(trace=5, id=52, parent=51, attributes=target, resource=staging),
    )
    assert answers.causes == {DELIVERED: "E1"}


def receive(**changes: Any) -> Any:
    """A `receive` root of payment-service, trace 2, span 20."""
    told: dict[str, Any] = {"trace": 2, "id": 20, "kind": "CONSUMER", "service": "payment-service"}
    told |= {"name": "orders receive", "at": 1.9, "duration": 0.05}
    attributes = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    attributes |= {"messaging.operation": "receive"} | changes.pop("attributes", {})
    return span(**(told | changes), attributes=attributes)


def test_an_idle_poll_is_none_although_its_api_call_stands_below_it() -> None:
    api = {"rpc.system": "aws-api", "rpc.service": "SQS", "rpc.method": "ReceiveMessage"}
    call = span(
        name="SQS.ReceiveMessage",
        trace=2,
        id=21,
        parent=20,
        kind="CLIENT",
        service="payment-service",
        scope="opentelemetry.instrumentation.botocore.sqs",
        attributes=api | {"messaging.system": "aws.sqs", "messaging.destination": "orders"},
    )
    assert analysed(send(), receive(), call).orphans == {}
    work = span(name="charge", trace=2, id=22, parent=20, service="payment-service")
    assert set(analysed(send(), receive(), call, work).orphans) == {(2, 20)}


def test_batch_wrappers_of_record_spans_are_no_orphans() -> None:
    count = KAFKA | {"messaging.batch.message_count": 1}
    outer = receive(attributes=count)
    inner = receive(id=21, parent=20, attributes=count, links=[link(trace=1, id=22)])
    record = receive(trace=1, id=22, parent=11, flags=0x300, attributes=KAFKA)
    answers = analysed(send(attributes=KAFKA), outer, inner, record)
    assert answers.edges == {(SENT, (1, 22)): "parent"}
    assert answers.orphans == {}


def test_a_receive_of_one_record_without_context_is_an_orphan_without_offset_or_work() -> None:
    record = KAFKA | {"messaging.kafka.partition": 0}
    assert analysed(send(attributes=KAFKA), receive(attributes=record)).causes == {(2, 20): "K1"}
    empty = record | {"messaging.batch.message_count": 0}
    assert analysed(send(attributes=KAFKA), receive(attributes=empty)).orphans == {}
