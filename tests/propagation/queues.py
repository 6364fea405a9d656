"""Queues of SQS, filled and emptied with the library."""

from typing import Any
from uuid import uuid4

from opentelemetry import trace

from tests.propagation.senders import sender_of
from tracestitch_propagation import publish_span, sqs

XRAY = f"Root=1-6553f100-{'ab' * 12};Parent={'cd' * 8};Sampled=1"


def make_queue(client: Any, name: str, **attributes: str) -> str:
    """Its URL ends with the name."""
    created = client.create_queue(QueueName=f"{uuid4()}-{name}", Attributes=attributes)
    return str(created["QueueUrl"])


def find_arn(client: Any, queue: str) -> str:
    answer = client.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def receive(client: Any, queue: str, **others: Any) -> list[dict[str, Any]]:
    answer = client.receive_message(
        QueueUrl=queue, **sqs.receive_arguments(MaxNumberOfMessages=10, **others)
    )
    return list(answer.get("Messages", []))


def read_sender(message: object) -> trace.SpanContext:
    found = sender_of(sqs.extract_context(message))
    assert found
    return found


def publish(client: Any, queue: str, name: str = "order.publish", **arguments: Any) -> str:
    with publish_span(name, sqs.sending(queue), {"order.id": "123"}) as publishing:
        answer = client.send_message(
            QueueUrl=queue, MessageBody="{}", **{**sqs.send_arguments(), **arguments}
        )
        publishing.sent(answer)
    return str(answer["MessageId"])
