"""Process spans that only their receive span tells the place of, and polls that took nothing."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import ORDER, SENT, send

RABBIT = {"messaging.system": "rabbitmq", "messaging.destination": "orders"}
WAITING = "Bunny::ReaderLoop#run_once"


def receive(**changes: Any) -> Any:
    """What Ruby's Bunny tells of a message that came."""
    told: dict[str, Any] = {"name": "orders.created receive", "trace": 2, "id": 20, "at": 2.0}
    told |= {"kind": "CONSUMER", "service": "worker"}
    return span(**(told | {"attributes": RABBIT | {"messaging.operation": "receive"}} | changes))


def process(**changes: Any) -> Any:
    told: dict[str, Any] = {"name": "orders.created process", "trace": 2, "id": 21, "parent": 20}
    return span(**(told | {"kind": "CONSUMER", "service": "worker", "at": 2.1} | changes))


def work() -> Any:
    return span("charge", trace=2, id=22, parent=21, service="worker", at=2.1, attributes=ORDER)


SENDS = send(attributes=RABBIT | ORDER)


def test_a_process_span_without_a_place_has_that_of_its_receive_span() -> None:
    answers = analysed(SENDS, receive(), process(), work())
    place = answers.endpoints[2, 21]
    assert (place["system"], place["destination"]) == ("rabbitmq", "orders")
    assert answers.edges == {(SENT, (2, 21)): "correlation-id"}
    assert answers.causes == {(2, 20): "R1"}
    healthy = analysed(SENDS, receive(), process(links=[link(1, 11)]), work())
    assert (healthy.edges, healthy.causes) == ({(SENT, (2, 21)): "link"}, {})


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ({"attributes": {"messaging.destination": "orders"}}, {}),  # MassTransit: no system
        ({}, {"attributes": {"messaging.system": "jms"}}),
        ({"service": "other"}, {}),
    ],
)
def test_one_that_names_its_own_keeps_it(above: dict[str, Any], below: dict[str, Any]) -> None:
    place = analysed(receive(**above), process(**below)).endpoints[2, 21]
    assert place["destination"] == "orders.created"


def test_a_loop_that_waits_for_frames_takes_no_message() -> None:
    idle = receive(name=WAITING, trace=3, attributes={"messaging.system": "rabbitmq"})
    assert analysed(SENDS, idle).orphans == {}
    busy = [receive(name=WAITING, attributes=RABBIT), process(), work()]
    assert set(analysed(SENDS, *busy).orphans) == {(2, 20)}


def test_a_poll_of_datadogs_that_names_no_record_took_none() -> None:
    told = {"messaging.system": "kafka", "kafka.group_id": "billing"}
    idle = receive(name="kafka.consume", attributes=told)
    assert analysed(idle).orphans == {}
    record = told | {"kafka.topic": "orders", "kafka.partition": 0, "kafka.message_offset": 3}
    assert set(analysed(receive(name="kafka.consume", attributes=record)).orphans) == {(2, 20)}
    linked = receive(name="kafka.consume", attributes=told, links=[link(1, 11)])
    assert len(analysed(SENDS, linked).edges) == 1


def test_a_job_of_bullmq_is_found_by_its_number() -> None:
    job = {"bullmq.queue.name": "orders", "bullmq.job.id": "17"}
    sent = send(name="add orders", attributes=job)
    taken = receive(name="process orders", attributes=job)
    assert analysed(sent, taken).edges == {(SENT, (2, 20)): "message-id"}
    other = receive(name="process orders", attributes=job | {"bullmq.job.id": "18"})
    assert analysed(sent, other).edges == {}


@pytest.mark.parametrize(
    "scope",
    [
        "opentelemetry.instrumentation.pika.pika_instrumentor",
        "opentelemetry.instrumentation.aio_pika",
        "org.springframework.boot",
    ],
)
def test_a_callback_that_names_no_message_took_one(scope: str) -> None:
    assert set(analysed(SENDS, receive(scope=scope)).orphans) == {(2, 20)}
    assert analysed(SENDS, receive(scope=scope, links=[link(1, 11)])).orphans == {}


def test_a_poll_of_another_library_that_names_none_may_be_idle() -> None:
    assert analysed(SENDS, receive(scope="opentelemetry.instrumentation.other")).orphans == {}
