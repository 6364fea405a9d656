"""Causes that few roots have, and those that are never more than listed beside another."""

import pytest

from tests.analysed import analysed
from tests.builders import EPOCH, SECOND, Built, link, span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, SENT, UUID, delivery, send

BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"}
ID = {"messaging.message.id": UUID}


def others(orphan: dict[str, object]) -> dict[str, float]:
    listed = orphan["other_causes"]
    assert isinstance(listed, list)
    return {other["code"]: other["confidence"] for other in listed}


def test_a_queue_that_a_bus_fills_is_e3_while_other_targets_have_the_context() -> None:
    target = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "shipments"}
    broken = (send(attributes=BUS | ORDER), delivery(attributes=ORDER))
    healthy = (
        send(trace=5, id=51, attributes=BUS),
        delivery(trace=5, id=52, parent=51, attributes=target, service="audit"),
    )
    assert analysed(*broken, *healthy).causes == {DELIVERED: "E3"}
    assert analysed(*broken).causes == {DELIVERED: "E1"}


def test_a_context_that_says_it_was_sampled_is_p2() -> None:
    sampled = analysed(send(), delivery(links=[link(trace=9, id=91, flags=0x301)]))
    unsaid = analysed(send(), delivery(links=[link(trace=9, id=91, flags=0x300)]))

    assert sampled.causes == {DELIVERED: "P2"}
    assert unsaid.causes == {DELIVERED: "P1"}
    assert not sampled.orphans[DELIVERED]["expected"]


def test_a_task_that_nobody_is_known_to_call_is_t1() -> None:
    run = span(
        name="run/shop.charge",
        trace=2,
        id=21,
        kind="CONSUMER",
        service="worker",
        scope="opentelemetry.instrumentation.celery",
        attributes={"celery.action": "run", "messaging.message.id": UUID},
    )
    call = span(
        name="apply_async/shop.charge",
        trace=1,
        id=11,
        kind="PRODUCER",
        service="shop",
        scope="opentelemetry.instrumentation.celery",
        attributes={"celery.action": "apply_async", "messaging.message.id": UUID},
    )

    assert analysed(run).causes == {DELIVERED: "T1"}
    assert analysed(run).orphans[DELIVERED]["expected"]
    assert "T1" not in analysed(call, run).causes.values()


def test_a_doubled_header_k2_and_other_propagators_p5_are_only_listed_without_proof() -> None:
    orphan = analysed(send(attributes=KAFKA), delivery(attributes=KAFKA)).orphans[DELIVERED]

    assert orphan["cause_code"] == "K1"
    assert others(orphan)["K2"] < 0.5
    assert others(orphan)["P5"] < 0.5


def connected(destination: dict[str, str], at: float) -> tuple[Built, Built]:
    return (
        send(trace=5, id=51, at=at, attributes=destination),
        delivery(trace=5, id=52, parent=51, at=at + 1, attributes=destination),
    )


def test_a_delivery_before_anybody_is_known_to_send_is_p4_once_others_connect() -> None:
    assert analysed(delivery(at=2.0), *connected({}, at=100.0)).causes == {DELIVERED: "P4"}
    assert analysed(delivery(at=2.0)).causes == {DELIVERED: "P3"}
    causes = analysed(send(at=1.0), delivery(at=2.0), *connected({}, at=100.0)).causes
    assert causes[DELIVERED] != "P4"


def test_attributes_that_the_sdk_dropped_are_p8_unless_the_producer_is_found() -> None:
    cut = delivery(dropped_attributes_count=3)
    named = delivery(attributes=ID, dropped_attributes_count=3)

    assert analysed(send(attributes=ID), cut).causes == {DELIVERED: "P8"}
    assert analysed(send(attributes=ID), named).causes == {DELIVERED: "S1"}


def test_an_event_that_comes_hours_after_it_was_sent_is_e4() -> None:
    target = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "shipments"}
    sent = send(attributes=BUS | ORDER)

    assert analysed(sent, delivery(at=8000.0, attributes=target | ORDER)).causes == {
        DELIVERED: "E4"
    }
    assert analysed(sent, delivery(at=2.0, attributes=target | ORDER)).causes == {DELIVERED: "E1"}


def test_a_function_that_extracts_by_hand_and_finds_nothing_is_s7() -> None:
    function = {"faas.trigger": "pubsub", "faas.invocation_id": "i"}
    sent = send(attributes=ID, scope="opentelemetry.instrumentation.boto3sqs")

    handler = delivery(kind="SERVER", attributes=ID | function)
    assert analysed(sent, handler).causes == {DELIVERED: "S7"}
    assert analysed(sent, delivery(attributes=ID)).causes == {DELIVERED: "S1"}


def test_a_link_to_a_trace_id_of_the_form_of_xray_is_x4() -> None:
    segment = ((EPOCH // SECOND) << 96) | 5
    linked = delivery(attributes=ID, links=[link(trace=segment, id=91, flags=0x300)])
    ordinary = delivery(attributes=ID, links=[link(trace=9, id=91, flags=0x300)])

    assert analysed(send(attributes=ID), linked).causes == {DELIVERED: "X4"}
    assert analysed(send(attributes=ID), ordinary).causes == {DELIVERED: "P1"}


@pytest.mark.parametrize(
    ("destination", "language", "cause"),
    [({}, "python", "P6"), (KAFKA, "python", "P6"), (KAFKA, "go", "K8"), ({}, "go", "P6")],
)
def test_a_send_beside_its_request_is_p6_and_k8_for_go_and_kafka(
    destination: dict[str, str], language: str, cause: str
) -> None:
    resource = {"telemetry.sdk.language": language}
    served = span(
        name="POST /orders",
        trace=7,
        id=71,
        kind="SERVER",
        service="order-service",
        at=0.9,
        duration=1.0,
        resource=resource,
        attributes=ORDER,
    )
    sent = send(attributes=destination | ORDER, resource=resource)
    handled = delivery(trace=1, parent=11, attributes=destination)

    assert analysed(served, sent, handled).causes == {SENT: cause}
    assert analysed(sent, handled).causes == {}, "a scheduler's"


def test_a_stream_that_sends_on_without_the_context_of_its_record_is_k5() -> None:
    source = KAFKA | {"messaging.kafka.message.key": "k1"}
    total = source | {"messaging.destination.name": "totals"}
    app = {"service": "totals", "scope": "io.opentelemetry.kafka-streams-0.11"}
    taken = (
        send(trace=5, id=51, at=0.1, attributes=source),
        delivery(trace=5, id=52, parent=51, at=0.5, attributes=source, **app),
    )
    lost = send(at=1.0, attributes=total, **app)
    kept = send(trace=5, id=53, parent=52, at=1.0, attributes=total, **app)

    assert analysed(*taken, lost).causes == {SENT: "K5"}
    assert analysed(*taken, kept).causes == {}


def test_a_message_with_a_new_id_for_work_that_failed_before_is_s12() -> None:
    first = ID | ORDER
    again = ORDER | {"messaging.message.id": "7c0f3a51-33d2-4a6b-8f55-0d6a7d1e9b10"}
    failed = delivery(trace=1, parent=11, at=2.0, status="ERROR", attributes=first)
    done = delivery(trace=1, parent=11, at=2.0, attributes=first)
    moved = delivery(at=900.0, attributes=again)

    assert analysed(send(attributes=first), failed, moved).causes == {DELIVERED: "S12"}
    assert analysed(send(attributes=first), done, moved).causes[DELIVERED] != "S12"
