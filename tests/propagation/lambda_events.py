"""Events that Lambda makes of messages, in the shapes of its documentation."""

import base64
import json
from collections.abc import Sequence
from typing import Any

ACCOUNT = "123456789012"


def sqs_event(messages: Sequence[dict[str, Any]], queue: str = "orders") -> dict[str, Any]:
    """Of messages that boto3 received."""
    return {"Records": [_sqs_record(message, queue) for message in messages]}


def sns_event(notification: dict[str, Any]) -> dict[str, Any]:
    """Of a notification, as it stands in the body of a queue without raw delivery."""
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notification}
    return {"Records": [record]}


def kafka_event(topic: str, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    partitions: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        partitions.setdefault(f"{topic}-{record['partition']}", []).append(record)
    return {"eventSource": "aws:kafka", "bootstrapServers": "broker:9092", "records": partitions}


def kafka_record(
    headers: Sequence[tuple[str, bytes]], topic: str = "payments", partition: int = 3, at: int = 41
) -> dict[str, Any]:
    return {
        "topic": topic,
        "partition": partition,
        "offset": at,
        "timestamp": 1_545_084_650_987,
        "timestampType": "CREATE_TIME",
        "key": base64.b64encode(b"order-1").decode(),
        "value": base64.b64encode(b"{}").decode(),
        "headers": [{name: list(value)} for name, value in headers],
    }


def eventbridge_event(detail: object) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Reserved",
        "source": "stock",
        "account": ACCOUNT,
        "time": "2026-01-01T00:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    }


def _sqs_record(message: dict[str, Any], queue: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message.get("ReceiptHandle", ""),
        "body": message.get("Body", "{}"),
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _lambda_attribute(attribute)
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{queue}",
        "awsRegion": "eu-west-1",
    }


def _lambda_attribute(attribute: dict[str, Any]) -> dict[str, Any]:
    told = {
        "dataType": attribute["DataType"],
        "stringListValues": [],
        "binaryListValues": [],
    }
    if "BinaryValue" in attribute:
        return {**told, "binaryValue": base64.b64encode(attribute["BinaryValue"]).decode()}
    return {**told, "stringValue": attribute["StringValue"]}


def body_of(record: dict[str, Any]) -> Any:
    return json.loads(record["body"])
