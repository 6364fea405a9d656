"""Process spans that link to their own receive span, which has the context (franz-go)."""

from typing import Any

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import KAFKA, SENT, delivery, send

RECORD = KAFKA | {"messaging.kafka.source.partition": 0, "messaging.kafka.message.offset": 7}
OFFSET = "messaging.kafka.message.offset"
GO = {"telemetry.sdk.language": "go"}
RECEIVED, PROCESSED = (2, 21), (3, 31)


def receive(**changes: Any) -> Any:
    told: dict[str, Any] = {"name": "payments receive", "duration": 0.01}
    operation = {"messaging.operation": "receive"}
    return delivery(**(told | changes), attributes=RECORD | operation)


def process(**changes: Any) -> Any:
    told: dict[str, Any] = {"name": "payments process", "trace": 3, "id": 31, "at": 2.1}
    operation = {"messaging.operation": "process"}
    told["links"] = [link(trace=2, id=21, flags=0x101)]
    return delivery(**(told | changes), attributes=RECORD | operation)


def to_producer(trace: int = 1, span_id: int = 11, flags: int = 0x301) -> list[Any]:
    return [link(trace=trace, id=span_id, flags=flags)]


def test_two_links_lead_to_the_producer() -> None:
    answers = analysed(send(attributes=KAFKA), receive(links=to_producer()), process())
    assert answers.edges == {(SENT, PROCESSED): "link"}
    assert answers.orphans == {}


def test_a_receive_span_whose_link_is_missing_is_the_one_orphan_root() -> None:
    unsampled = receive(links=to_producer(9, 91, flags=0x300), resource=GO)
    answers = analysed(send(attributes=KAFKA), unsampled, process(resource=GO))
    assert answers.causes == {RECEIVED: "P1"}
    assert answers.orphans[RECEIVED]["span_name"] == "payments receive"


def test_a_receive_span_whose_parent_is_missing_is_the_one_orphan_root() -> None:
    answers = analysed(send(attributes=KAFKA), receive(parent=99, flags=0x300), process())
    assert answers.causes == {RECEIVED: "P1"}


def test_a_record_without_context_is_told_once_and_found_by_its_offset() -> None:
    sent = send(attributes=KAFKA | {"messaging.kafka.destination.partition": 0, OFFSET: 7})
    answers = analysed(sent, receive(), process())
    assert answers.edges == {(SENT, PROCESSED): "kafka-offset"}
    assert answers.causes == {RECEIVED: "K1"}
    assert answers.orphans[RECEIVED]["producer_span_id"] == SENT[1]


def test_a_process_span_that_links_to_other_work_of_its_service_is_told_itself() -> None:
    work = span("plan", trace=2, id=21, service="payment-service", at=1.0)
    answers = analysed(send(attributes=KAFKA), work, process())
    assert answers.edges == {((2, 21), PROCESSED): "link"}


def test_the_receive_span_of_another_service_is_not_ones_own() -> None:
    other = receive(links=to_producer(9, 91), service="audit")
    answers = analysed(send(attributes=KAFKA), other, process())
    assert RECEIVED in answers.orphans
