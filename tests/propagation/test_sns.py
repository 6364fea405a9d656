"""SNS through boto3, to SQS, against moto."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from opentelemetry.context import Context

from tests.propagation.conftest import Aws
from tests.propagation.recording import Recording
from tests.propagation.senders import SENDER, sender_of
from tests.propagation.test_message_attributes import ANYTHING, own
from tracestitch_propagation import process_span, publish_span, sns, sqs


@pytest.fixture
def topic(aws: Aws) -> str:
    return str(aws("sns").create_topic(Name=f"orders-{uuid4()}")["TopicArn"])


def subscribe(aws: Aws, topic: str, *, raw: bool) -> str:
    """The URL of a queue that gets what is published."""
    name = f"{topic.rpartition(':')[2]}-{'raw' if raw else 'wrapped'}"
    url = str(aws("sqs").create_queue(QueueName=name)["QueueUrl"])
    arn = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    aws("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": str(raw).lower()},
    )
    return url


def receive(aws: Aws, queue: str) -> list[dict[str, Any]]:
    answer = aws("sqs").receive_message(
        QueueUrl=queue, **sqs.receive_arguments(MaxNumberOfMessages=10)
    )
    return list(answer["Messages"])


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "in an envelope"])
def test_a_message_over_a_topic_continues_its_publisher(
    aws: Aws, topic: str, recording: Recording, raw: bool
) -> None:
    queue = subscribe(aws, topic, raw=raw)
    with publish_span("order.publish", sns.sending(topic)) as publishing:
        answer = aws("sns").publish(TopicArn=topic, Message="{}", **sns.publish_arguments())
        publishing.sent(answer)
    with recording.service("warehouse"):
        [message] = receive(aws, queue)
        with process_span("order.process", sqs.received(message, queue)):
            pass

    sent = dict(recording.span("order.publish").attributes or {})
    assert sent == {
        "messaging.system": "aws_sns",
        "messaging.destination.name": topic,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": answer["MessageId"],
        "aws.sns.topic.arn": topic,
    }
    processed = recording.span("order.process").attributes or {}
    assert processed["messaging.message.id"] == message["MessageId"]
    assert processed.get("aws.sns.message_id") == (None if raw else answer["MessageId"])
    assert recording.edges == {("order.publish", "order.process"): "parent"}
    assert recording.causes == {}


def test_every_entry_of_a_batch_carries_the_context(
    aws: Aws, topic: str, recording: Recording
) -> None:
    queue = subscribe(aws, topic, raw=True)
    entries = [{"Id": str(n), "Message": "{}", "MessageAttributes": own(n)} for n in range(2)]
    with publish_span("order.publish", sns.sending(topic)) as publishing:
        answer = aws("sns").publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=sns.inject_entries(entries)
        )
        publishing.sent(answer)
    messages = receive(aws, queue)
    with process_span("order.process", [sqs.received(each, queue) for each in messages]):
        pass

    ids = {each["MessageId"] for each in answer["Successful"]}
    events = recording.span("order.publish").events
    assert {(event.attributes or {})["messaging.message.id"] for event in events} == ids
    assert [len(each["MessageAttributes"]) for each in messages] == [1, 2]
    assert recording.edges == {("order.publish", "order.process"): "link"}


def test_with_raw_delivery_more_than_ten_attributes_would_lose_the_message(
    aws: Aws, topic: str, recording: Recording
) -> None:
    """So the context goes without, and says so, rather than the message."""
    queue = subscribe(aws, topic, raw=True)
    with publish_span("order.publish", sns.sending(topic)):
        aws("sns").publish(TopicArn=topic, Message="{}", **sns.publish_arguments(own(10)))
    [message] = receive(aws, queue)

    assert set(message["MessageAttributes"]) == set(own(10))
    assert [event.name for event in recording.span("order.publish").events] == [
        "propagation.dropped"
    ]


def test_a_record_of_lambda_and_the_body_of_a_request_are_notifications() -> None:
    attributes = sns.publish_arguments(context=SENDER)["MessageAttributes"]
    notification = {
        "Type": "Notification",
        "MessageId": "n-1",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:orders",
        "MessageAttributes": {
            name: {"Type": "String", "Value": each["StringValue"]}
            for name, each in attributes.items()
        },
    }
    for given_as in (notification, {"EventSource": "aws:sns", "Sns": notification}):
        received = sns.received(given_as)

        sender = sender_of(received.context)
        assert sender
        assert (sender.trace_id, sender.span_id) == (7, 9)
        assert (received.destination, received.message_id) == (notification["TopicArn"], "n-1")


@given(ANYTHING, ANYTHING)
def test_a_notification_of_garbage_is_one_without_context(garbage: object, inner: object) -> None:
    for notification in (
        garbage,
        {"Sns": garbage},
        {"MessageAttributes": inner, "MessageId": inner},
    ):
        assert sender_of(sns.received(notification).context) is None
        assert sns.extract_context(notification) == Context()
