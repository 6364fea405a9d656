"""Kafka headers of each client, over a real broker where the client speaks to one."""

import asyncio
from typing import Any

import aiokafka  # type: ignore[import-untyped]  # ships no types
import pytest
from confluent_kafka import KafkaError
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from tests.propagation.recording import Recording, context_of
from tests.propagation.senders import SENDER, sender_of
from tests.propagation.topics import Topics
from tracestitch_propagation import kafka, process_span, publish_span

TOPIC = "messaging.destination.name"


@pytest.fixture
def topics(kafka_servers: str) -> Topics:
    return Topics(kafka_servers)


def publish(topics: Topics, topic: str, name: str = "payment.publish") -> None:
    """As a service with the library does."""
    with publish_span(name, kafka.sending(topic, b"order-1")) as publishing:
        topics.publish(topic, kafka.inject_headers(), kafka.on_delivery(publishing))


def process(message: object, name: str = "payment.process") -> None:
    with process_span(name, kafka.received(message, "billing")):
        pass


def test_a_record_continues_the_trace_and_says_where_it_stands(
    recording: Recording, topics: Topics
) -> None:
    publish(topics, "healthy")
    with recording.service("billing"):
        process(topics.read("healthy")[0])

    assert recording.edges == {("payment.publish", "payment.process"): "parent"}
    assert recording.causes == {}
    sent, processed = recording.span("payment.publish"), recording.span("payment.process")
    record = {
        "messaging.system": "kafka",
        "messaging.destination.name": "healthy",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.kafka.message.key": "order-1",
    }
    sending = {"messaging.operation.name": "send", "messaging.operation.type": "send"}
    processing = {"messaging.operation.name": "process", "messaging.operation.type": "process"}
    assert dict(sent.attributes or {}) == {**record, **sending}
    assert dict(processed.attributes or {}) == {
        **record,
        **processing,
        "messaging.consumer.group.name": "billing",
    }


def test_the_analyzer_reads_every_attribute(recording: Recording, topics: Topics) -> None:
    publish(topics, "understood")
    with recording.service("billing"):
        process(topics.read("understood")[0])

    for name in ("payment.publish", "payment.process"):
        told = recording.endpoints[name]
        assert (told["system"], told["destination"], told["kafka_offset"]) == (
            "kafka",
            "understood",
            0,
        )
    assert recording.endpoints["payment.process"]["consumer_group"] == "billing"


def test_a_record_without_headers_is_found_by_its_offset_and_is_k1(
    recording: Recording, topics: Topics
) -> None:
    with publish_span("payment.publish", kafka.sending("bare")) as publishing:
        topics.publish("bare", None, kafka.on_delivery(publishing))
    [message] = topics.read("bare")
    assert message.headers() is None
    with recording.service("billing"):
        process(message)

    assert recording.edges == {("payment.publish", "payment.process"): "kafka-offset"}
    assert recording.causes == {"payment.process": "K1"}


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (("traceparent", None), ""),
        (("Traceparent", b""), ""),
        (("traceparent", b"\xff\xfe"), ""),
        (("traceparent", b"00-nonsense"), "00-nonsense"),
    ],
    ids=["null", "empty", "no-text", "nonsense"],
)
def test_a_broken_context_is_none_and_is_k2(
    header: tuple[str, bytes | None], told: str, recording: Recording, topics: Topics
) -> None:
    topic = f"broken-{told}-{header}".translate(str.maketrans(" ',()\\", "------"))
    with publish_span("payment.publish", kafka.sending(topic)) as publishing:
        topics.publish(topic, [header], kafka.on_delivery(publishing))
    with recording.service("billing"):
        process(topics.read(topic)[0])

    processed = recording.span("payment.process")
    assert (processed.attributes or {})["messaging.header.traceparent"] == (told,)
    assert recording.causes == {"payment.process": "K2"}


def test_the_context_of_another_propagator_is_p5(recording: Recording, topics: Topics) -> None:
    with publish_span("payment.publish", kafka.sending("foreign")) as publishing:
        b3 = f"{1:032x}-{2:016x}-1".encode()
        topics.publish("foreign", [("b3", b3)], kafka.on_delivery(publishing))
    with recording.service("billing"):
        process(topics.read("foreign")[0])

    assert recording.causes == {"payment.process": "P5"}


def test_of_doubled_contexts_the_last_that_says_something_counts(topics: Topics) -> None:
    old, new = (f"00-{trace_id:032x}-{7:016x}-01" for trace_id in (1, 2))
    topics.publish(
        "doubled",
        [("traceparent", old), ("TraceParent", new), ("traceparent", None)],
    )

    found = sender_of(kafka.extract_context(topics.read("doubled")[0]))
    assert found is not None
    assert found.trace_id == 2


def test_a_stale_context_in_any_case_is_replaced(recording: Recording, topics: Topics) -> None:
    stale = [("TraceParent", b"00-%032x-%016x-01" % (1, 7)), ("tenant", b"a"), ("baggage", b"k=v")]
    with publish_span("payment.publish", kafka.sending("replaced")):
        topics.publish("replaced", kafka.inject_headers(stale))
    [message] = topics.read("replaced")

    names = [name for name, _ in kafka.read_headers(message)]
    assert names == ["tenant", "traceparent"]
    found = sender_of(kafka.extract_context(message))
    assert found is not None
    assert found.span_id == context_of(recording.span("payment.publish")).span_id


def test_work_on_a_record_stays_below_its_span(recording: Recording, topics: Topics) -> None:
    publish(topics, "worked-on")
    with (
        recording.service("billing"),
        process_span("payment.process", kafka.received(topics.read("worked-on")[0])),
        trace.get_tracer("billing").start_as_current_span("card.charge"),
    ):
        pass

    assert recording.causes == {}
    work = recording.span("card.charge")
    assert work.parent is not None
    assert work.parent.span_id == context_of(recording.span("payment.process")).span_id


def test_a_record_that_is_sent_on_keeps_its_headers_and_its_journey(
    recording: Recording, topics: Topics
) -> None:
    with publish_span("payment.publish", kafka.sending("sent-on")) as publishing:
        headers = kafka.inject_headers([("tenant", b"a")])
        topics.publish("sent-on", headers, kafka.on_delivery(publishing))
    with recording.service("billing"):
        [message] = topics.read("sent-on")
        with (
            process_span("payment.process", kafka.received(message, "billing")),
            publish_span("payment.bury", kafka.sending("sent-on-dlt")) as publishing,
        ):
            headers = kafka.forward_headers(message)
            topics.publish("sent-on-dlt", headers, kafka.on_delivery(publishing))
    [buried] = topics.read("sent-on-dlt")
    with recording.service("care"):
        process(buried, "payment.repair")

    assert [name for name, _ in kafka.read_headers(buried)] == ["tenant", "traceparent"]
    assert recording.causes == {}
    assert recording.edges == {
        ("payment.publish", "payment.process"): "parent",
        ("payment.bury", "payment.repair"): "parent",
    }


def test_a_record_that_is_sent_on_without_its_headers_is_k9(
    recording: Recording, topics: Topics
) -> None:
    publish(topics, "invoices")
    with recording.service("billing"):
        [message] = topics.read("invoices")
        process(message)
        with publish_span("payment.bury", kafka.sending("invoices-dlt", message.key())):
            topics.publish("invoices-dlt", None)
    with recording.service("care"):
        process(topics.read("invoices-dlt")[0], "payment.repair")

    assert recording.causes["payment.repair"] == "K9"


def test_a_batch_has_a_link_for_each_record(recording: Recording, topics: Topics) -> None:
    for number in range(3):
        publish(topics, "many", f"payment.publish {number}")
    records = topics.read("many", 3)
    with (
        recording.service("billing"),
        process_span("payment.process", [kafka.received(record, "billing") for record in records]),
    ):
        pass

    assert recording.causes == {}
    assert recording.edges == {
        (f"payment.publish {number}", "payment.process"): "link" for number in range(3)
    }
    links = recording.span("payment.process").links
    assert [(link.attributes or {})["messaging.kafka.offset"] for link in links] == [0, 1, 2]


def test_a_record_of_a_batch_without_headers_is_found_by_its_position(
    recording: Recording, topics: Topics
) -> None:
    publish(topics, "mixed")
    with publish_span("refund.publish", kafka.sending("mixed")) as publishing:
        topics.publish("mixed", [], kafka.on_delivery(publishing))
    records = [kafka.received(record) for record in topics.read("mixed", 2)]
    with recording.service("billing"), process_span("payment.process", records):
        pass

    assert recording.edges == {
        ("payment.publish", "payment.process"): "link",
        ("refund.publish", "payment.process"): "kafka-offset",
    }
    assert recording.remarks == {"S8"}
    # spans of other batches are looked at together by topic, partition and offset
    topics_told = [
        (link.attributes or {}).get(TOPIC) for link in recording.span("payment.process").links
    ]
    assert topics_told == ["mixed", "mixed"]


def test_aiokafka_sends_and_receives(recording: Recording, kafka_servers: str) -> None:
    async def hand_over() -> None:
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=kafka_servers)
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=kafka_servers)
        async with producer, consumer:
            with publish_span("payment.publish", kafka.sending("awaited", b"k")) as publishing:
                answer = await producer.send_and_wait(
                    "awaited", b"{}", b"k", partition=0, headers=kafka.inject_headers()
                )
                publishing.sent(answer)
            consumer.assign([aiokafka.TopicPartition("awaited", 0)])
            await consumer.seek_to_beginning()
            record = await consumer.getone()
            with recording.service("billing"):
                process(record)

    asyncio.run(hand_over())

    assert recording.edges == {("payment.publish", "payment.process"): "parent"}
    for span in recording.spans:
        told = dict(span.attributes or {})
        assert (told["messaging.kafka.offset"], told["messaging.kafka.message.key"]) == (0, "k")


def test_two_clients_in_one_service_read_one_record_alike(
    topics: Topics, kafka_servers: str
) -> None:
    topics.publish("shared", kafka.inject_headers([("tenant", b"a")], context=SENDER))
    topics.publish("shared", None)

    async def read() -> list[Any]:
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=kafka_servers)
        async with consumer:
            consumer.assign([aiokafka.TopicPartition("shared", 0)])
            await consumer.seek_to_beginning()
            return [await consumer.getone() for _ in range(2)]

    for one, other in zip(topics.read("shared", 2), asyncio.run(read()), strict=True):
        assert kafka.read_headers(one) == kafka.read_headers(other)
        assert kafka.received(one).attributes == kafka.received(other).attributes
        assert sender_of(kafka.extract_context(one)) == sender_of(kafka.extract_context(other))


def test_a_failed_delivery_is_an_error_of_the_span(recording: Recording) -> None:
    with publish_span("payment.publish", kafka.sending("gone")) as publishing:
        kafka.on_delivery(publishing)(KafkaError(KafkaError._MSG_TIMED_OUT), None)

    span = recording.span("payment.publish")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "_MSG_TIMED_OUT"


def test_a_delivery_told_after_the_span_is_let_go(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with publish_span("payment.publish", kafka.sending("late")) as publishing:
        pass
    kafka.on_delivery(publishing)(None, {"partition": 0, "offset": 1})

    assert "messaging.kafka.offset" not in (recording.span("payment.publish").attributes or {})
    assert caplog.messages == []
