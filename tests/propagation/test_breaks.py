"""What the analyzer says where a service leaves out one call of the library.

Every test breaks one hop of a real SQS queue or SNS topic and expects the cause that the
documentation tells for it.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.context import Context

from tests.propagation.conftest import Aws
from tests.propagation.recording import Recording
from tests.propagation.test_message_attributes import own
from tracestitch_propagation import (
    BaggageSpanProcessor,
    Received,
    process_span,
    publish_span,
    sns,
    sqs,
    xray,
)
from tracestitch_propagation.carriers import DROPPED_EVENT, DROPPED_FIELDS, read_fields
from tracestitch_propagation.message_attributes import read_attributes

Arguments = Callable[[], dict[str, Any]]


class Shop:
    """Two services and what is between them."""

    def __init__(self, aws: Aws, recording: Recording) -> None:
        self.client = aws("sqs")
        self.recording = recording

    def make_queue(self, name: str = "orders") -> str:
        return str(self.client.create_queue(QueueName=f"{uuid4()}-{name}")["QueueUrl"])

    def send(
        self, queue: str, order: str, arguments: Arguments = sqs.send_arguments, name: str = "order"
    ) -> None:
        with publish_span(f"{name}.publish", sqs.sending(queue), {"order.id": order}) as publishing:
            answer = self.client.send_message(QueueUrl=queue, MessageBody="{}", **arguments())
            publishing.sent(answer)

    def receive(self, queue: str, **arguments: Any) -> dict[str, Any]:
        """The only message, which is deleted."""
        asked = arguments or sqs.receive_arguments()
        [message] = self.client.receive_message(QueueUrl=queue, **asked)["Messages"]
        self.client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)

    def process(self, queue: str, order: str, **arguments: Any) -> None:
        self.handle(sqs.received(self.receive(queue, **arguments), queue), order)

    def handle(self, received: Received, order: str, error: str | None = None) -> None:
        with (
            self.recording.service("warehouse", BaggageSpanProcessor()),
            contextlib.suppress(ValueError),
            process_span("order.process", received, {"order.id": order}),
        ):
            if error:
                raise ValueError(error)

    def work(self, queue: str, order: str) -> None:
        """One order that goes well."""
        self.send(queue, order)
        self.process(queue, order)


@pytest.fixture
def shop(aws: Aws, recording: Recording) -> Shop:
    return Shop(aws, recording)


NOT_ASKED = {"MessageSystemAttributeNames": ["All"]}


def test_attributes_that_are_not_asked_for_are_s1(shop: Shop, recording: Recording) -> None:
    queue = shop.make_queue()
    shop.send(queue, "1")
    shop.process(queue, "1", **NOT_ASKED)

    assert recording.causes == {"order.process": "S1"}
    assert recording.edges == {("order.publish", "order.process"): "message-id"}


def test_attributes_that_were_asked_for_and_hold_no_context_are_s2(
    shop: Shop, recording: Recording
) -> None:
    queue = shop.make_queue()
    shop.send(queue, "1", lambda: {"MessageAttributes": own(10)})
    shop.process(queue, "1")

    assert recording.causes == {"order.process": "S2"}
    [orphan] = recording.analysed().orphans.values()
    assert "S1" not in {other["code"] for other in orphan["other_causes"]}


def test_ten_attributes_of_ones_own_are_s3(shop: Shop, recording: Recording) -> None:
    """Where the header of X-Ray is not sent: `inject_attributes` alone has no other place."""

    def fill() -> dict[str, Any]:
        attributes = own(10)
        sqs.inject_attributes(attributes)
        return {"MessageAttributes": attributes}

    queue = shop.make_queue()
    shop.work(queue, "1")
    shop.send(queue, "2", fill)
    shop.process(queue, "2")
    shop.work(queue, "3")

    assert recording.causes == {"order.process": "S3"}
    [orphan] = recording.analysed().orphans.values()
    assert orphan["cause_confidence"] == 0.96


def test_forwarding_without_the_attributes_is_s4(shop: Shop, recording: Recording) -> None:
    orders, gifts = shop.make_queue(), shop.make_queue("gifts")
    for order, arguments in (("1", sqs.send_arguments), ("2", dict), ("3", sqs.send_arguments)):
        shop.send(orders, order)
        message = sqs.received(shop.receive(orders), orders)
        with recording.service("sorter"), process_span("order.sort", message, {"order.id": order}):
            shop.send(gifts, order, arguments, "gift")
        shop.process(gifts, order)

    assert recording.causes == {"order.process": "S4"}
    assert len(recording.analysed().orphans) == 1


def test_attributes_in_an_envelope_that_nobody_opens_are_s9(
    shop: Shop, aws: Aws, recording: Recording
) -> None:
    queue = shop.make_queue()
    topic = aws("sns").create_topic(Name=f"orders-{uuid4()}")["TopicArn"]
    arn = shop.client.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    with publish_span("order.publish", sns.sending(topic), {"order.id": "1"}) as publishing:
        answer = aws("sns").publish(TopicArn=topic, Message="{}", **sns.publish_arguments())
        publishing.sent(answer)
    message = shop.receive(queue)
    by_attributes = read_fields(read_attributes(message.get("MessageAttributes")))
    received = Received(by_attributes, "aws_sqs", queue, message["MessageId"])
    shop.handle(received, "1")

    assert recording.causes == {"order.process": "S9"}
    assert recording.edges == {("order.publish", "order.process"): "correlation-id"}


def test_a_dead_letter_that_is_read_without_its_attributes_is_s11(
    shop: Shop, recording: Recording
) -> None:
    queue, dead = shop.make_queue(), shop.make_queue("orders-dlq")
    shop.send(queue, "1")
    failed = shop.receive(queue)
    shop.handle(sqs.received(failed, queue), "1", "no stock")
    shop.send(dead, "1", lambda: sqs.forward_arguments(failed), "order.bury")
    unread = sqs.received(shop.receive(dead, **NOT_ASKED), dead)
    with recording.service("undertaker"), process_span("order.mourn", unread, {"order.id": "1"}):
        pass

    assert recording.causes == {"order.mourn": "S11"}


def test_a_message_that_is_sent_back_without_its_attributes_is_s12(
    shop: Shop, recording: Recording
) -> None:
    queue = shop.make_queue()
    shop.send(queue, "1")
    failed = shop.receive(queue)
    shop.handle(sqs.received(failed, queue), "1", "no stock")
    shop.client.send_message(QueueUrl=queue, MessageBody=failed["Body"])
    shop.process(queue, "1")

    assert recording.causes == {"order.process": "S12"}


def test_a_message_that_is_sent_back_with_its_attributes_is_no_orphan(
    shop: Shop, recording: Recording
) -> None:
    queue = shop.make_queue()
    shop.send(queue, "1")
    failed = shop.receive(queue)
    shop.client.send_message(
        QueueUrl=queue, MessageBody=failed["Body"], **sqs.forward_arguments(failed)
    )
    shop.process(queue, "1")

    assert recording.causes == {}
    assert recording.edges == {("order.publish", "order.process"): "parent"}


def send_both() -> dict[str, Any]:
    """As where a service of AWS in front of the queue is traced by X-Ray, too."""
    header = f"Root=1-{int(time.time()):08x}-{'ab' * 12};Parent={'cd' * 8};Sampled=1"
    written = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    return {**sqs.send_arguments(), "MessageSystemAttributes": written}


def test_w3c_beside_xray_connects(shop: Shop, recording: Recording) -> None:
    queue = shop.make_queue()
    shop.send(queue, "1", send_both)
    shop.process(queue, "1")

    assert recording.causes == {}
    assert recording.edges == {("order.publish", "order.process"): "parent"}


def test_xray_that_wins_over_w3c_is_x1(shop: Shop, recording: Recording) -> None:
    queue = shop.make_queue()
    shop.send(queue, "1", send_both)
    message = shop.receive(queue)
    found = xray.read_header(message["Attributes"]["AWSTraceHeader"])
    assert found
    carried = trace.set_span_in_context(trace.NonRecordingSpan(found), Context())
    received = Received(carried, "aws_sqs", queue, message["MessageId"])
    shop.handle(received, "1")

    assert recording.causes == {"order.process": "X1"}


@pytest.fixture
def _workflow() -> Iterator[None]:
    """What is sent belongs to a workflow."""
    token = context.attach(baggage.set_baggage("workflow.id", "w-1"))
    yield
    context.detach(token)


@pytest.mark.usefixtures("_workflow")
def test_a_workflow_reaches_every_span_below_the_message(shop: Shop, recording: Recording) -> None:
    queue = shop.make_queue()
    with recording.service("shop", BaggageSpanProcessor()):
        shop.work(queue, "1")

    assert [(span.attributes or {})["workflow.id"] for span in recording.spans] == ["w-1"] * 2
    assert recording.remarks == set()


@pytest.mark.usefixtures("_workflow")
def test_baggage_that_the_consumer_leaves_behind_is_b1(shop: Shop, recording: Recording) -> None:
    queue = shop.make_queue()
    with recording.service("shop", BaggageSpanProcessor()):
        shop.send(queue, "1")
    received = sqs.received(shop.receive(queue), queue)
    sender = trace.get_current_span(received.context)
    shop.handle(replace(received, context=trace.set_span_in_context(sender, Context())), "1")

    assert recording.causes == {}
    assert recording.remarks == {"B1"}


@pytest.mark.usefixtures("_workflow")
def test_baggage_that_finds_no_room_is_told_on_the_sending_span(
    shop: Shop, recording: Recording
) -> None:
    queue = shop.make_queue()
    with recording.service("shop", BaggageSpanProcessor()):
        shop.send(queue, "1", lambda: sqs.send_arguments(own(9)))
    shop.process(queue, "1")

    [event] = recording.span("order.publish").events
    assert (event.name, (event.attributes or {})[DROPPED_FIELDS]) == (DROPPED_EVENT, ("baggage",))
    assert recording.causes == {}
    assert recording.remarks == {"B2"}


def test_a_batch_that_is_read_without_attributes_is_found_by_the_ids_of_its_messages(
    shop: Shop, recording: Recording
) -> None:
    """The sender has an id on an event for each, the consumer on a link with zero ids."""
    queue = shop.make_queue()
    entries = [{"Id": str(n), "MessageBody": "{}"} for n in range(2)]
    with publish_span("order.publish", sqs.sending(queue)) as publishing:
        publishing.sent(
            shop.client.send_message_batch(QueueUrl=queue, Entries=sqs.inject_entries(entries))
        )
    batch = [sqs.received(shop.receive(queue, **NOT_ASKED), queue) for _ in entries]
    with recording.service("warehouse"), process_span("order.process", batch):
        pass

    assert recording.edges == {("order.publish", "order.process"): "message-id"}
    assert recording.causes == {"order.process": "S1"}


def test_both_ends_of_a_queue_and_of_a_topic_are_what_the_analyzer_takes_them_for(
    shop: Shop, aws: Aws, recording: Recording
) -> None:
    queue = shop.make_queue()
    topic = aws("sns").create_topic(Name=f"orders-{uuid4()}")["TopicArn"]
    shop.work(queue, "1")
    with publish_span("order.announce", sns.sending(topic)) as publishing:
        publishing.sent(aws("sns").publish(TopicArn=topic, Message="{}"))
    with process_span("order.hear", sns.received({"TopicArn": topic, "MessageId": "n-1"})):
        pass

    name = queue.rpartition("/")[2]
    told = {
        span: (end["role"], end["system"], end["destination"])
        for span, end in recording.endpoints.items()
    }
    assert told == {
        "order.publish": ("send", "aws_sqs", name),
        "order.process": ("process", "aws_sqs", name),
        "order.announce": ("send", "aws_sns", topic.rpartition(":")[2]),
        "order.hear": ("process", "aws_sns", topic.rpartition(":")[2]),
    }


def test_a_batch_in_which_some_messages_carry_nothing_is_s8(
    shop: Shop, recording: Recording
) -> None:
    """Their senders are found by the ids on links with zero ids."""
    queue = shop.make_queue()
    shop.send(queue, "1")
    shop.send(queue, "2", dict, "refund")
    batch = [sqs.received(shop.receive(queue), queue) for _ in range(2)]
    with recording.service("warehouse"), process_span("order.process", batch):
        pass

    assert recording.edges == {
        ("order.publish", "order.process"): "link",
        ("refund.publish", "order.process"): "message-id",
    }
    assert recording.remarks == {"S8"}
    assert recording.causes == {}
