"""SQS through boto3, against moto."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, context, trace
from opentelemetry.context import Context

from tests.propagation.queues import XRAY, make_queue, publish, read_sender, receive
from tests.propagation.recording import Recording, context_of
from tests.propagation.senders import SENDER, sender_of
from tests.propagation.test_message_attributes import ANYTHING, own
from tracestitch_propagation import process_span, publish_span, sqs


def test_a_message_continues_its_sender_and_both_spans_have_its_id(
    client: Any, queue: str, recording: Recording
) -> None:
    message_id = publish(client, queue)
    with recording.service("warehouse"):
        [message] = receive(client, queue)
        with process_span("order.process", sqs.received(message, queue), {"order.id": "123"}):
            pass

    assert recording.edges == {("order.publish", "order.process"): "parent"}
    sent, processed = recording.span("order.publish"), recording.span("order.process")
    name = queue.rpartition("/")[2]
    assert dict(processed.attributes or {}) == {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": name,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": message_id,
        "aws.sqs.queue.url": queue,
        "aws.sqs.approximate_receive_count": 1,
        "order.id": "123",
    }
    assert dict(sent.attributes or {}) == {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": name,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": message_id,
        "aws.sqs.queue.url": queue,
        "order.id": "123",
    }
    assert recording.causes == {}


def test_baggage_and_tracestate_travel_too(client: Any, queue: str) -> None:
    client.send_message(QueueUrl=queue, MessageBody="-", **sqs.send_arguments(context=SENDER))
    [message] = receive(client, queue)

    carried = sqs.extract_context(message)
    assert baggage.get_all(carried) == {"workflow.id": "w"}
    assert read_sender(message).trace_state.get("vendor") == "1"


def test_without_the_arguments_sqs_returns_no_attributes(client: Any, queue: str) -> None:
    client.send_message(QueueUrl=queue, MessageBody="-", **sqs.send_arguments(context=SENDER))
    [message] = client.receive_message(QueueUrl=queue)["Messages"]

    assert sender_of(sqs.extract_context(message)) is None


@pytest.mark.usefixtures("recording")
def test_a_message_without_context_has_none_whatever_is_current(client: Any, queue: str) -> None:
    client.send_message(QueueUrl=queue, MessageBody="-")
    [message] = receive(client, queue)
    with trace.get_tracer("t").start_as_current_span("poll"):
        assert sqs.extract_context(message) == Context()


def test_how_many_attributes_came_without_a_context_is_told(client: Any, queue: str) -> None:
    client.send_message(QueueUrl=queue, MessageBody="{}", MessageAttributes=own(3))
    [unread] = receive(client, queue)

    assert sqs.received(unread, queue).attributes["propagation.received.attributes"] == 3


def test_attributes_with_a_context_and_those_that_were_not_asked_for_are_not_counted(
    client: Any, queue: str
) -> None:
    client.send_message(QueueUrl=queue, MessageBody="{}", **sqs.send_arguments(context=SENDER))
    [carried] = receive(client, queue)
    client.send_message(QueueUrl=queue, MessageBody="{}", MessageAttributes=own(3))
    answer = client.receive_message(QueueUrl=queue, VisibilityTimeout=0)
    [unasked] = [m for m in answer["Messages"] if m["MessageId"] != carried["MessageId"]]

    for message in (carried, unasked, {**unasked, "MessageAttributes": {}}):
        assert "propagation.received.attributes" not in sqs.received(message, queue).attributes


def test_where_ten_attributes_are_full_the_trace_goes_on_in_the_header_of_xray(
    client: Any, queue: str, recording: Recording
) -> None:
    with publish_span("order.publish", sqs.sending(queue)):
        client.send_message(QueueUrl=queue, MessageBody="-", **sqs.send_arguments(own(10)))
    [message] = receive(client, queue)
    with process_span("order.process", sqs.received(message, queue)):
        pass

    assert set(message["MessageAttributes"]) == set(own(10))
    assert recording.edges == {("order.publish", "order.process"): "parent"}
    assert [event.name for event in recording.span("order.publish").events] == [
        "propagation.dropped"
    ]


def test_w3c_wins_over_xray_and_xray_over_nothing(client: Any, queue: str) -> None:
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": XRAY}}
    for arguments in (sqs.send_arguments(context=SENDER), {}):
        client.send_message(
            QueueUrl=queue, MessageBody="-", MessageSystemAttributes=system, **arguments
        )
    both, xray_alone = receive(client, queue)

    assert read_sender(both).trace_id == 7
    assert read_sender(xray_alone).trace_id == int("6553f100" + "ab" * 12, 16)
    assert read_sender(xray_alone).span_id == int("cd" * 8, 16)


@pytest.mark.parametrize("sampled", ["0", "?"])
def test_a_header_of_xray_that_is_not_sampled_does_not_silence_the_consumer(sampled: str) -> None:
    message = {"Attributes": {"AWSTraceHeader": XRAY.replace("Sampled=1", f"Sampled={sampled}")}}

    assert sender_of(sqs.extract_context(message)) is None


def test_baggage_in_attributes_stays_beside_a_span_in_the_header_of_xray() -> None:
    message = {
        "Attributes": {"AWSTraceHeader": XRAY},
        "MessageAttributes": {"baggage": {"DataType": "String", "StringValue": "k=v"}},
    }

    assert baggage.get_all(sqs.extract_context(message)) == {"k": "v"}
    assert read_sender(message).span_id == int("cd" * 8, 16)


def test_every_message_of_a_batch_is_carried_and_known_by_its_id(
    client: Any, queue: str, recording: Recording
) -> None:
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(3)]
    with publish_span("order.publish", sqs.sending(queue)) as publishing:
        answer = client.send_message_batch(QueueUrl=queue, Entries=sqs.inject_entries(entries))
        publishing.sent(answer)
    messages = receive(client, queue)
    batch = [sqs.received(message, queue) for message in messages]
    with process_span("order.process", batch):
        pass

    assert entries[0] == {"Id": "0", "MessageBody": "0"}, "what was given stays as it was"
    ids = {message["MessageId"] for message in messages}
    sent, processed = recording.span("order.publish"), recording.span("order.process")
    assert {(event.attributes or {})["messaging.message.id"] for event in sent.events} == ids
    assert {(link.attributes or {})["messaging.message.id"] for link in processed.links} == ids
    assert {link.context.span_id for link in processed.links} == {context_of(sent).span_id}
    assert (processed.attributes or {})["messaging.batch.message_count"] == 3
    assert processed.parent is None
    assert recording.edges == {("order.publish", "order.process"): "link"}


def test_a_message_of_a_fifo_queue_has_its_group_and_sequence_number(
    client: Any, recording: Recording
) -> None:
    queue = make_queue(client, "order-steps.fifo", FifoQueue="true")
    with publish_span("order.publish", sqs.sending(queue, group_id="123")) as publishing:
        answer = client.send_message(
            QueueUrl=queue,
            MessageBody="-",
            MessageGroupId="123",
            MessageDeduplicationId="d-1",
            **sqs.send_arguments(),
        )
        publishing.sent(answer)
    [message] = receive(client, queue)
    with process_span("order.process", sqs.received(message, queue)):
        pass

    sent = recording.span("order.publish").attributes or {}
    processed = recording.span("order.process").attributes or {}
    assert sent["aws.sqs.message.group_id"] == processed["aws.sqs.message.group_id"] == "123"
    assert sent["aws.sqs.sequence_number"] == processed["aws.sqs.sequence_number"]
    assert processed["aws.sqs.message.deduplication_id"] == "d-1"
    assert recording.edges == {("order.publish", "order.process"): "parent"}


def test_a_record_of_lambda_tells_its_queue_by_itself() -> None:
    record = {
        "messageId": "m-1",
        "body": "-",
        "attributes": {"ApproximateReceiveCount": "3"},
        "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
    }

    received = sqs.received(record)
    assert (received.destination, received.message_id) == ("orders", "m-1")
    assert received.attributes == {"aws.sqs.approximate_receive_count": 3}


@given(
    st.one_of(
        ANYTHING,
        st.fixed_dictionaries(
            {
                "MessageId": ANYTHING,
                "Body": ANYTHING,
                "MessageAttributes": ANYTHING,
                "Attributes": st.fixed_dictionaries(
                    {"ApproximateReceiveCount": ANYTHING, "AWSTraceHeader": ANYTHING}
                )
                | ANYTHING,
            }
        ),
    )
)
def test_a_message_of_garbage_is_a_message_without_context(garbage: Any) -> None:
    received = sqs.received(garbage, "orders")

    assert sender_of(received.context) is None
    assert received.destination == "orders"
    if isinstance(garbage, dict):
        sqs.forward_arguments(garbage)


@pytest.mark.parametrize("count", ["9" * 5000, "9" * 30, "-1", "", "x", "1.5"])
def test_a_count_that_no_span_can_hold_is_left_out(count: str) -> None:
    received = sqs.received({"Attributes": {"ApproximateReceiveCount": count}}, "orders")

    assert received.attributes == {}


def test_a_context_given_is_the_one_that_is_sent() -> None:
    token = context.attach(baggage.set_baggage("k", "other"))
    try:
        arguments = sqs.send_arguments(context=SENDER)
    finally:
        context.detach(token)

    assert arguments["MessageAttributes"]["baggage"]["StringValue"] == "workflow.id=w"
