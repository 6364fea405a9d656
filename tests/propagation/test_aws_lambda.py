"""Messages in the events of Lambda, over moto's queues where there is one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.context import Context

from tests.propagation.conftest import Aws
from tests.propagation.lambda_events import (
    body_of,
    eventbridge_event,
    kafka_event,
    kafka_record,
    sns_event,
    sqs_event,
)
from tests.propagation.lambda_queue import Queue
from tests.propagation.recording import Recording, context_of
from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation import (
    aws_lambda,
    eventbridge,
    kafka,
    process_span,
    publish_span,
    sns,
    sqs,
)


def name_span(record: dict[str, Any]) -> None:
    """So that spans of several records can be told apart."""
    trace.get_current_span().update_name(f"order.process {record['body']}")


def test_each_record_has_a_span_that_is_linked_to_its_publisher(
    recording: Recording, aws: Aws
) -> None:
    queue = Queue(aws, "lambda-orders")
    queue.publish("a")
    queue.publish("b")
    with recording.service("shipping"):
        answer = aws_lambda.process_records(queue.trigger(), name_span, name="order.process")

    assert answer == {"batchItemFailures": []}
    assert recording.causes == {}
    assert recording.edges == {
        ("order.publish a", "order.process a"): "link",
        ("order.publish b", "order.process b"): "link",
    }
    processed = recording.span("order.process a")
    assert processed.parent is None
    told = dict(processed.attributes or {})
    assert told["messaging.destination.name"] == "lambda-orders"
    assert told["aws.sqs.approximate_receive_count"] == 1
    assert told["messaging.message.id"] == (recording.span("order.publish a").attributes or {}).get(
        "messaging.message.id"
    )


def test_the_span_may_be_a_child_of_its_publisher(recording: Recording, aws: Aws) -> None:
    queue = Queue(aws, "lambda-children")
    queue.publish("a")
    with recording.service("shipping"):
        aws_lambda.process_records(
            queue.trigger(), name_span, name="order.process", relation="parent"
        )

    assert recording.edges == {("order.publish a", "order.process a"): "parent"}


def test_of_a_batch_the_records_without_context_alone_are_orphans(
    recording: Recording, aws: Aws
) -> None:
    queue = Queue(aws, "lambda-half")
    queue.publish("a")
    with publish_span("order.publish b", sqs.sending(queue.url)) as publishing:
        publishing.sent({"MessageId": queue.send("b")})
    with recording.service("shipping"):
        aws_lambda.process_records(queue.trigger(), name_span, name="order.process")

    assert recording.edges == {
        ("order.publish a", "order.process a"): "link",
        ("order.publish b", "order.process b"): "message-id",
    }
    assert list(recording.causes) == ["order.process b"]


def test_of_a_message_without_context_the_producer_is_told_to_inject(
    recording: Recording, aws: Aws
) -> None:
    """Nobody has to ask Lambda for message attributes: it is not S1."""
    queue = Queue(aws, "lambda-without")
    with publish_span("order.publish", sqs.sending(queue.url)) as publishing:
        publishing.sent({"MessageId": queue.send("a")})
    with recording.service("shipping"):
        aws_lambda.process_records(queue.trigger(), lambda _: None, name="order.process")

    assert recording.causes == {"order.process": "S2"}
    [orphan] = recording.analysed().orphans.values()
    assert "S1" not in {other["code"] for other in orphan["other_causes"]}


def test_one_span_for_a_batch_tells_the_records_without_context(
    recording: Recording, aws: Aws
) -> None:
    queue = Queue(aws, "lambda-batch")
    queue.publish("a")
    with publish_span("order.publish b", sqs.sending(queue.url)) as publishing:
        publishing.sent({"MessageId": queue.send("b")})
    received = [one for _, one in aws_lambda.received_records(queue.trigger())]
    with recording.service("shipping"), process_span("order.process", received):
        pass

    assert recording.edges == {
        ("order.publish a", "order.process"): "link",
        ("order.publish b", "order.process"): "message-id",
    }
    assert recording.causes == {}
    assert recording.remarks == {"S8"}


def test_a_handler_has_the_baggage_of_its_record() -> None:
    message = {"MessageId": "m-1", **sqs.send_arguments(context=SENDER)}
    seen: list[object] = []
    aws_lambda.process_records(
        sqs_event([message]), lambda _: seen.append(baggage.get_all()), name="order.process"
    )

    assert seen == [{"workflow.id": "w"}]


def test_attributes_are_made_of_the_record(recording: Recording) -> None:
    aws_lambda.process_records(
        sqs_event([{"MessageId": "m-1", "Body": '{"order": "o-1"}'}]),
        lambda _: None,
        name="order.process",
        attributes=lambda record: {"order.id": body_of(record)["order"]},
        names="old",
    )

    told = dict(recording.span("order.process").attributes or {})
    assert told["order.id"] == "o-1"
    assert told["messaging.message_id"] == "m-1"


def test_an_event_of_a_bus_continues_the_trace_without_its_context_in_the_payload(
    recording: Recording,
) -> None:
    with publish_span("stock.publish", eventbridge.sending("stock")):
        event = eventbridge_event(eventbridge.inject_detail({"sku": "a"}))
    details: list[object] = []
    with recording.service("shipping"):
        aws_lambda.process_records(
            event, lambda one: details.append(one["detail"]), name="stock.process"
        )

    assert details == [{"sku": "a"}]
    assert recording.edges == {("stock.publish", "stock.process"): "link"}
    assert recording.causes == {}


def test_an_event_on_a_queue_is_a_message_of_the_queue_without_context_in_its_body() -> None:
    event = eventbridge_event(eventbridge.inject_detail({"sku": "a"}, context=SENDER))
    lambda_event = sqs_event([{"MessageId": "m-1", "Body": json.dumps(event)}])
    [(record, received)] = aws_lambda.received_records(lambda_event)

    assert sender_of(received.context) == sender_of(SENDER)
    assert (received.system, received.destination) == ("aws_sqs", "orders")
    assert received.attributes["aws.eventbridge.event.id"] == event["id"]
    assert body_of(record)["detail"] == {"sku": "a"}


def test_a_notification_continues_the_trace(recording: Recording, aws: Aws) -> None:
    client, queue = aws("sns"), Queue(aws, "lambda-notified")
    topic = client.create_topic(Name="lambda-topic")["TopicArn"]
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{queue.name}"
    client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    with publish_span("stock.publish", sns.sending(topic)) as publishing:
        arguments = sns.publish_arguments()
        publishing.sent(client.publish(TopicArn=topic, Message="{}", **arguments))
    [record] = queue.trigger()["Records"]
    with recording.service("shipping"):
        event = sns_event(body_of(record))
        aws_lambda.process_records(event, lambda _: None, name="stock.process")

    assert recording.edges == {("stock.publish", "stock.process"): "link"}
    assert recording.causes == {}


def test_an_event_that_went_over_a_topic_carries_its_context_in_the_message() -> None:
    event = eventbridge_event(eventbridge.inject_detail({"sku": "a"}, context=SENDER))
    notification = {"MessageId": "n-1", "TopicArn": "arn:t", "Message": json.dumps(event)}
    [(record, received)] = aws_lambda.received_records(sns_event(notification))

    assert sender_of(received.context) == sender_of(SENDER)
    assert (received.system, received.destination, received.message_id) == (
        "aws_sns",
        "arn:t",
        "n-1",
    )
    assert received.attributes["aws.eventbridge.event.id"] == event["id"]
    assert json.loads(record["Sns"]["Message"])["detail"] == {"sku": "a"}


def test_records_of_kafka_continue_their_traces(recording: Recording) -> None:
    records = []
    for at in range(2):
        with publish_span(f"payment.publish {at}", kafka.sending("payments")):
            records.append(kafka_record(kafka.inject_headers(), at=at))
    with recording.service("billing"):
        aws_lambda.process_records(
            kafka_event("payments", records), lambda _: None, name="payment.process"
        )

    links = [link for span in recording.spans for link in span.links]
    sent = [recording.span(f"payment.publish {at}") for at in range(2)]
    assert [link.context.span_id for link in links] == [context_of(one).span_id for one in sent]
    assert recording.causes == {}


@pytest.mark.parametrize("source", ["aws:s3", "aws:kinesis", "aws:dynamodb", None])
def test_records_that_are_no_messages_are_refused(source: object) -> None:
    with pytest.raises(ValueError, match=f"records of {source} are no messages"):
        aws_lambda.received_records({"Records": [{"eventSource": source}]})


@pytest.mark.parametrize("event", [None, [], "text", 1])
def test_what_is_no_event_is_refused(event: object) -> None:
    with pytest.raises(ValueError, match="an event of Lambda is an object, not"):
        aws_lambda.process_records(event, lambda _: None, name="process")


def test_an_event_without_records_has_nothing_to_process() -> None:
    events: list[dict[str, Any]] = [{"Records": []}, {"records": {}}, {"records": {"t-0": None}}]
    for event in events:
        assert aws_lambda.process_records(event, lambda _: 1 / 0, name="process") == {
            "batchItemFailures": []
        }


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (
    "messageId", "body", "attributes", "messageAttributes", "eventSourceARN", "Sns", "topic",
    "partition", "offset", "key", "headers", "detail", "id", "MessageAttributes", "Message",
)  # fmt: skip
RECORDS = st.dictionaries(st.sampled_from(MEMBERS), ANYTHING, max_size=6)


@given(RECORDS, st.sampled_from(["aws:sqs", "aws:sns"]))
def test_no_message_is_too_odd_to_be_received(members: dict[str, Any], source: str) -> None:
    shapes: list[dict[str, Any]] = [
        {"Records": [{**members, "eventSource": source}]},
        {"records": {"t-0": [members, members.get("body")]}},
        members,
    ]
    for event in shapes:
        records = aws_lambda.received_records(event)
        assert all(sender_of(received.context) is None for _, received in records)
        aws_lambda.process_records(event, lambda _: None, name="process")


def test_a_message_without_context_makes_a_root(recording: Recording) -> None:
    event = sqs_event([{"MessageId": "m-1"}])
    with trace.get_tracer("function").start_as_current_span("handler"):
        aws_lambda.process_records(event, lambda _: None, name="process")

    assert recording.span("process").parent is None
    [(_, received)] = aws_lambda.received_records(event)
    assert received.context == Context()
