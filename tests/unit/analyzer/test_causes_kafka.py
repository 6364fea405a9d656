"""Which of Kafka's causes it is, and not: each beside what looks like it."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import DELIVERED, KAFKA, ORDER, UUID, delivery, send

HEADER = "messaging.header.traceparent"
WHOLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def topic(name: str) -> dict[str, str]:
    return {"messaging.system": "kafka", "messaging.destination.name": name}


def connected(**changes: Any) -> tuple[Any, Any]:
    """Another record of `payments`, whose context arrived: traces 3 and 4."""
    sent = send(trace=3, id=31, at=3.0, attributes=KAFKA)
    told: dict[str, Any] = {"trace": 4, "id": 41, "at": 4.0, "attributes": KAFKA} | changes
    return sent, delivery(links=[link(trace=3, id=31)], **told)


def cause(*spans: Any) -> str:
    return analysed(*spans).causes[DELIVERED]


def test_a_record_without_context_is_k1() -> None:
    assert cause(send(attributes=KAFKA), delivery(attributes=KAFKA)) == "K1"
    assert cause(send(attributes=KAFKA), delivery(attributes=KAFKA), *connected()) == "K1"


@pytest.mark.parametrize("header", ["garbage", f"00-{'0' * 32}-{'0' * 16}-00", "", [""]])
def test_a_captured_header_that_names_nothing_is_k2(header: str | list[str]) -> None:
    assert cause(send(attributes=KAFKA), delivery(attributes=KAFKA | {HEADER: header})) == "K2"


def test_no_captured_header_is_none_that_is_empty() -> None:
    nothing: dict[str, Any] = {HEADER: []}
    assert cause(send(attributes=KAFKA), delivery(attributes=KAFKA | nothing)) == "K1"


def test_a_whole_header_is_k2_where_others_are_read_and_k3_where_none_is() -> None:
    cut = delivery(attributes=KAFKA | {HEADER: [WHOLE, WHOLE]})
    assert cause(send(attributes=KAFKA), cut, *connected()) == "K2"
    assert cause(send(attributes=KAFKA), cut) == "K3"


def test_a_consumer_beside_another_that_continues_contexts_is_k3() -> None:
    audit = connected(service="audit")
    assert cause(send(attributes=KAFKA), delivery(attributes=KAFKA), *audit) == "K3"
    mine = connected(), connected(trace=8, id=81, service="audit")[1]
    assert cause(send(attributes=KAFKA), delivery(attributes=KAFKA), *mine[0], mine[1]) == "K1"


def elsewhere(**changes: Any) -> tuple[Any, Any]:
    """A record of order-service in another topic, whose context arrived at another service."""
    other = topic("refunds")
    told: dict[str, Any] = {"trace": 6, "id": 61, "at": 6.0, "service": "audit"} | changes
    sent = send(trace=5, id=51, at=5.0, attributes=other)
    return sent, delivery(links=[link(trace=5, id=51)], attributes=other, **told)


def test_a_consumer_that_continues_nothing_of_a_producer_whose_contexts_arrive_is_k3() -> None:
    cut = send(attributes=KAFKA), delivery(attributes=KAFKA)
    assert cause(*cut, *elsewhere()) == "K3"
    # this consumer reads contexts, of this topic or of another one
    assert cause(*cut, *elsewhere(), *connected()) == "K1"
    assert cause(*cut, *elsewhere(service="payment-service")) == "K1"


def test_a_producer_none_of_whose_contexts_arrive_anywhere_is_k1_whoever_else_connects() -> None:
    sent = send(attributes=KAFKA | ORDER, service="till")
    cut = delivery(attributes=KAFKA | ORDER)
    answers = analysed(sent, cut, *connected(service="audit"))
    assert answers.causes[DELIVERED] == "K1"
    mine = analysed(sent, cut, *connected()).orphans[DELIVERED]
    assert (mine["cause_code"], mine["cause_confidence"]) == ("K1", 0.88)


@pytest.mark.parametrize("scope", ["shop.consumer", "io.opentelemetry.kafka-clients-0.11"])
def test_whether_a_library_wrote_the_consumer_says_nothing_of_the_side(scope: str) -> None:
    cut = send(attributes=KAFKA), delivery(attributes=KAFKA, scope=scope)
    assert cause(*cut) == "K1"
    assert cause(*cut, *elsewhere()) == "K3"


def test_among_records_that_connect_a_broken_header_is_the_second_guess() -> None:
    cut = analysed(send(attributes=KAFKA), delivery(attributes=KAFKA), *connected())
    others = cut.orphans[DELIVERED]["other_causes"]
    assert (cut.causes[DELIVERED], others[0]["code"]) == ("K1", "K2")


@pytest.mark.parametrize(
    "name", ["payments-dlt", "payments.DLT", "payments-retry-0", "payments_error"]
)
def test_a_retry_or_dead_letter_topic_of_a_topic_that_is_read_is_k9(name: str) -> None:
    again = send(attributes=topic(name), service="payment-service")
    assert cause(again, delivery(attributes=topic(name)), *connected()) == "K9"


def test_a_consumer_of_a_topic_inside_kafka_streams_without_context_is_k5() -> None:
    name = topic("totals-repartition")
    sent = send(attributes=name, parent=12, flags=0x300)
    assert cause(sent, delivery(attributes=name)) == "K5"


def test_such_a_name_beside_no_such_topic_is_k1() -> None:
    name = topic("orders-retry-0")
    assert cause(send(attributes=name), delivery(attributes=name), *connected()) == "K1"


@pytest.mark.parametrize("name", ["eu.payments", "payments.replica", "payments-mirror"])
def test_a_copy_of_a_topic_is_k6(name: str) -> None:
    copied = delivery(attributes=topic(name) | ORDER)
    told = analysed(send(attributes=KAFKA | ORDER), copied)
    assert told.causes == {DELIVERED: "K6"}
    assert set(told.edges.values()) == {"correlation-id"}


def test_a_topic_that_is_named_after_another_for_what_it_holds_is_no_copy() -> None:
    made = delivery(attributes=topic("payments-enriched") | ORDER)
    assert cause(send(attributes=KAFKA | ORDER), made) == "P3"


def run_task(task: str) -> Any:
    return span(
        "run/ship",
        trace=2,
        id=21,
        kind="CONSUMER",
        service="worker",
        at=2.0,
        scope="opentelemetry.instrumentation.celery",
        attributes={"messaging.message.id": task, "celery.task_name": "ship"},
    )


def call(task: str) -> Any:
    return span(
        "apply_async/ship",
        trace=1,
        id=11,
        kind="PRODUCER",
        service="web",
        at=1.0,
        scope="opentelemetry.instrumentation.celery",
        attributes={"messaging.message.id": task, "celery.task_name": "ship"},
    )


def test_a_task_that_none_of_the_calls_made_is_t1() -> None:
    assert cause(run_task(UUID), call(UUID.replace("0", "1"))) == "T1"
    assert cause(run_task(UUID), call(UUID)) == "R1"
