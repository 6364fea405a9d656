"""SQS and EventBridge clients; the only door to boto3."""

import json
import secrets
import time
from typing import Any

import boto3  # type: ignore[import-untyped]  # ships no types

from sample_data.pipeline.settings import (
    DEAD_LETTER_QUEUE,
    MAX_RECEIVE_COUNT,
    ORDERS_QUEUE,
    SHIPMENTS_QUEUE,
    STOCK_BUS,
    STOCK_DETAIL_TYPE,
    STOCK_SOURCE,
)

RULE = "stock-to-warehouse"
VISIBILITY_TIMEOUT_SECONDS = 30  # far more than handling takes, even on a busy machine
# Rebuilds the event from the parts that the warehouse needs, and forgets `_otel`.
STRIPPING_TRANSFORMER = {
    "InputPathsMap": {
        "id": "$.id",
        "type": "$.detail-type",
        "source": "$.source",
        "order": "$.detail.order_id",
        "key": "$.detail.key",
    },
    "InputTemplate": (
        '{"id": "<id>", "detail-type": "<type>", "source": "<source>",'
        ' "detail": {"order_id": "<order>", "key": "<key>"}}'
    ),
}

Message = dict[str, Any]  # as boto3 gives it


def _client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",  # noqa: S106 (the local server takes any)
    )


class Queue:
    """One SQS queue."""

    def __init__(self, url: str, name: str) -> None:
        self._sqs = _client("sqs", url)
        self.url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def send(self, body: str, **arguments: Any) -> Any:
        """The answer of SQS."""
        return self._sqs.send_message(QueueUrl=self.url, MessageBody=body, **arguments)

    def receive(self, **arguments: Any) -> list[Message]:
        """What is there now."""
        answer = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, **arguments)
        return list(answer.get("Messages", []))

    def delete(self, message: Message) -> None:
        self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def release(self, message: Message, seconds: int) -> None:
        """Let it be delivered again, so much later."""
        self._sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )


class Bus:
    """The EventBridge bus."""

    def __init__(self, url: str) -> None:
        self._events = _client("events", url)

    def put(self, entries: list[dict[str, Any]]) -> Any:
        """The answer of EventBridge."""
        return self._events.put_events(Entries=entries)

    def route_to(self, queue_arn: str, *, strip: bool) -> None:
        """Target of the rule, with or without the input transformer."""
        target: dict[str, Any] = {"Id": "warehouse", "Arn": queue_arn}
        if strip:
            target["InputTransformer"] = STRIPPING_TRANSFORMER
        self._events.put_targets(Rule=RULE, EventBusName=STOCK_BUS, Targets=[target])


def new_xray_header() -> dict[str, Any]:
    """The system attribute that a service of AWS writes which X-Ray traces: a trace id that
    begins with the time, and a segment of its own."""
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    header = f"Root={root};Parent={secrets.token_hex(8)};Sampled=1"
    return {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}


def create_resources(url: str) -> None:
    """Queues with a dead-letter policy, the bus and its rule."""
    sqs = _client("sqs", url)
    for name in (DEAD_LETTER_QUEUE, SHIPMENTS_QUEUE):
        sqs.create_queue(QueueName=name)
    redrive = {
        "deadLetterTargetArn": find_queue_arn(url, DEAD_LETTER_QUEUE),
        "maxReceiveCount": MAX_RECEIVE_COUNT,
    }
    sqs.create_queue(
        QueueName=ORDERS_QUEUE,
        Attributes={
            "VisibilityTimeout": str(VISIBILITY_TIMEOUT_SECONDS),
            "RedrivePolicy": json.dumps(redrive),
        },
    )
    events = _client("events", url)
    events.create_event_bus(Name=STOCK_BUS)
    pattern = {"source": [STOCK_SOURCE], "detail-type": [STOCK_DETAIL_TYPE]}
    events.put_rule(Name=RULE, EventBusName=STOCK_BUS, EventPattern=json.dumps(pattern))
    Bus(url).route_to(find_queue_arn(url, SHIPMENTS_QUEUE), strip=False)


def find_queue_arn(url: str, name: str) -> str:
    sqs = _client("sqs", url)
    answer = sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["QueueArn"]
    )
    return str(answer["Attributes"]["QueueArn"])
