"""Causes that few roots have, and those that are never more than listed beside another."""

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, UUID, delivery, send

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
