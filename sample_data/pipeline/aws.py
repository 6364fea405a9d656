"""SQS and EventBridge clients; the only door to boto3."""

import json
from dataclasses import dataclass
from typing import Any

import boto3  # type: ignore[import-untyped]  # ships no types

from sample_data.pipeline.carriers import SqsAttributes
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


def _client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",  # noqa: S106 (the local server takes any)
    )


@dataclass(frozen=True, slots=True)
class Message:
    message_id: str
    body: dict[str, Any]
    attributes: SqsAttributes
    receive_count: int
    xray_header: str | None
    receipt: str


class Queue:
    """One SQS queue."""

    def __init__(self, url: str, name: str) -> None:
        self._sqs = _client("sqs", url)
        self.url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def send(
        self, body: dict[str, Any], attributes: SqsAttributes, xray_header: str | None = None
    ) -> str:
        """Returns the message id."""
        system = {}
        if xray_header is not None:
            system["AWSTraceHeader"] = {"DataType": "String", "StringValue": xray_header}
        sent = self._sqs.send_message(
            QueueUrl=self.url,
            MessageBody=json.dumps(body),
            MessageAttributes=attributes,
            MessageSystemAttributes=system,
        )
        return str(sent["MessageId"])

    def receive(self, *, with_attributes: bool = True) -> list[Message]:
        """What is there now. SQS returns no message attribute that is not asked for."""
        answer = self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"] if with_attributes else [],
            MessageSystemAttributeNames=["ApproximateReceiveCount", "AWSTraceHeader"],
        )
        return [
            Message(
                message_id=message["MessageId"],
                body=json.loads(message["Body"]),
                attributes=message.get("MessageAttributes", {}),
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
                xray_header=message["Attributes"].get("AWSTraceHeader"),
                receipt=message["ReceiptHandle"],
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, message: Message) -> None:
        self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)

    def release(self, message: Message, seconds: int) -> None:
        """Let it be delivered again, so much later."""
        self._sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
        )


class Bus:
    """The EventBridge bus."""

    def __init__(self, url: str) -> None:
        self._events = _client("events", url)

    def put(self, detail: dict[str, Any]) -> str:
        """Returns the event id."""
        entry = {
            "EventBusName": STOCK_BUS,
            "Source": STOCK_SOURCE,
            "DetailType": STOCK_DETAIL_TYPE,
            "Detail": json.dumps(detail),
        }
        return str(self._events.put_events(Entries=[entry])["Entries"][0]["EventId"])

    def route_to(self, queue_arn: str, *, strip: bool) -> None:
        """Target of the rule, with or without the input transformer."""
        target: dict[str, Any] = {"Id": "warehouse", "Arn": queue_arn}
        if strip:
            target["InputTransformer"] = STRIPPING_TRANSFORMER
        self._events.put_targets(Rule=RULE, EventBusName=STOCK_BUS, Targets=[target])


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
