"""SQS: messages that are sent on, by SQS itself or by a service."""

import json
from typing import Any

import pytest

from tests.propagation.queues import XRAY, find_arn, make_queue, publish, read_sender, receive
from tests.propagation.recording import Recording, context_of
from tests.propagation.test_message_attributes import FIELDS
from tracestitch_propagation import process_span, publish_span, sqs


def test_every_failed_attempt_and_the_dead_letter_are_one_trace(
    client: Any, recording: Recording
) -> None:
    dead = make_queue(client, "orders-dlq")
    policy = json.dumps({"deadLetterTargetArn": find_arn(client, dead), "maxReceiveCount": 2})
    queue = make_queue(client, "orders-failing", RedrivePolicy=policy, VisibilityTimeout="0")
    publish(client, queue)
    for _ in range(3):
        for message in receive(client, queue):
            with (
                pytest.raises(ValueError, match="no stock"),
                process_span("order.process", sqs.received(message, queue)),
            ):
                raise ValueError("no stock")
    [message] = receive(client, dead)
    with process_span("order.bury", sqs.received(message, dead)):
        pass

    attempts = [span for span in recording.spans if span.name == "order.process"]
    counts = [(span.attributes or {})["aws.sqs.approximate_receive_count"] for span in attempts]
    assert counts == [1, 2]
    assert len({context_of(span).trace_id for span in recording.spans}) == 1
    assert recording.causes == {}


def test_a_message_that_is_sent_back_by_hand_has_a_new_id_and_its_old_context(
    client: Any, queue: str, recording: Recording
) -> None:
    publish(client, queue)
    [failed] = receive(client, queue)
    dead = make_queue(client, "orders-dlq")
    client.send_message(QueueUrl=dead, MessageBody=failed["Body"], **sqs.forward_arguments(failed))
    [buried] = receive(client, dead)
    client.delete_message(QueueUrl=queue, ReceiptHandle=failed["ReceiptHandle"])
    client.send_message(QueueUrl=queue, MessageBody=buried["Body"], **sqs.forward_arguments(buried))
    [redriven] = receive(client, queue)
    with process_span("order.process", sqs.received(redriven, queue)):
        pass

    assert len({each["MessageId"] for each in (failed, buried, redriven)}) == 3
    assert recording.edges == {("order.publish", "order.process"): "parent"}


def test_a_forwarded_message_keeps_its_attributes_and_carries_the_forwarder(
    client: Any, queue: str, recording: Recording
) -> None:
    mine = {
        "kind": {"DataType": "String", "StringValue": "gift"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    forwarded = make_queue(client, "gifts")
    with publish_span("order.publish", sqs.sending(queue)):
        client.send_message(QueueUrl=queue, MessageBody="-", **sqs.send_arguments(mine))
    [message] = receive(client, queue)
    with (
        process_span("order.sort", sqs.received(message, queue)),
        publish_span("gift.publish", sqs.sending(forwarded)),
    ):
        client.send_message(QueueUrl=forwarded, MessageBody="-", **sqs.forward_arguments(message))
    [gift] = receive(client, forwarded)
    with process_span("gift.process", sqs.received(gift, forwarded)):
        pass

    kept = {k: v for k, v in gift["MessageAttributes"].items() if k not in FIELDS}
    assert kept == mine
    assert recording.edges == {
        ("order.publish", "order.sort"): "parent",
        ("gift.publish", "gift.process"): "parent",
    }


def test_a_record_of_lambda_is_forwarded_with_its_attributes(client: Any, queue: str) -> None:
    record = {
        "messageAttributes": {
            "kind": {
                "stringValue": "gift",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "seal": {"binaryValue": "AP8=", "dataType": "Binary"},
        },
        "attributes": {"AWSTraceHeader": XRAY},
    }
    client.send_message(QueueUrl=queue, MessageBody="-", **sqs.forward_arguments(record))
    [message] = receive(client, queue)

    assert message["MessageAttributes"]["kind"]["StringValue"] == "gift"
    assert message["MessageAttributes"]["seal"]["BinaryValue"] == b"\x00\xff"
    assert read_sender(message).span_id == int("cd" * 8, 16)
