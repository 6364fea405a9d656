"""What the spans at both ends of a hand-over say, in the names that tutorials for
hand-written propagation teach.

The full set adds what makes a broken hop traceable: the message id, the offset
or the event id and the order id on both ends. The tutorial set has only what the
tutorials write.
"""

from enum import StrEnum

from opentelemetry.util.types import AttributeValue

from sample_data.pipeline.settings import STOCK_BUS, STOCK_DETAIL_TYPE, STOCK_SOURCE

Attributes = dict[str, AttributeValue]


class End(StrEnum):
    """One end of one kind of hand-over."""

    SQS_PUBLISH = "sqs.publish"
    SQS_PROCESS = "sqs.process"
    KAFKA_PUBLISH = "kafka.publish"
    KAFKA_PROCESS = "kafka.process"
    EVENTBRIDGE_PUBLISH = "eventbridge.publish"
    EVENTBRIDGE_PROCESS = "eventbridge.process"

    @property
    def publishes(self) -> bool:
        return self.value.endswith(".publish")


TUTORIAL_NAMES = {
    End.SQS_PUBLISH: {"messaging.system", "messaging.destination", "order.id"},
    End.SQS_PROCESS: {"messaging.system", "messaging.message_id"},
    End.KAFKA_PUBLISH: {"messaging.system", "messaging.destination"},
    End.KAFKA_PROCESS: {
        "messaging.system",
        "messaging.kafka.topic",
        "messaging.kafka.partition",
        "messaging.kafka.offset",
    },
    End.EVENTBRIDGE_PUBLISH: {"messaging.system"},
    End.EVENTBRIDGE_PROCESS: {"messaging.system", "faas.trigger"},
}


def sqs(queue_url: str, order_id: str) -> Attributes:
    return {
        "messaging.system": "aws_sqs",
        "messaging.destination": queue_url,
        "order.id": order_id,
    }


def sqs_message(message_id: str, receive_count: int | None = None) -> Attributes:
    """Known after sending, or when received; only a receiver knows the count."""
    known: Attributes = {"messaging.message_id": message_id}
    if receive_count is not None:
        known["aws.sqs.approximate_receive_count"] = receive_count
    return known


def kafka_publish(topic: str, order_id: str) -> Attributes:
    return {
        "messaging.system": "kafka",
        "messaging.destination": topic,
        "messaging.kafka.message_key": order_id,
        "order.id": order_id,
    }


def kafka_record(partition: int, offset: int) -> Attributes:
    """Known after the delivery report, or when received."""
    return {"messaging.kafka.partition": partition, "messaging.kafka.offset": offset}


def kafka_process(topic: str, group: str, order_id: str) -> Attributes:
    return {
        "messaging.system": "kafka",
        "messaging.kafka.topic": topic,
        "messaging.kafka.consumer_group": group,
        "order.id": order_id,
    }


def eventbridge(order_id: str) -> Attributes:
    return {
        "messaging.system": "aws_eventbridge",
        "aws.eventbridge.source": STOCK_SOURCE,
        "aws.eventbridge.detail_type": STOCK_DETAIL_TYPE,
        "order.id": order_id,
    }


def eventbridge_publish(order_id: str) -> Attributes:
    return {**eventbridge(order_id), "messaging.destination": STOCK_BUS}


def eventbridge_process(queue: str, order_id: str) -> Attributes:
    return {
        **eventbridge(order_id),
        "messaging.destination": queue,
        "faas.trigger": "pubsub",
    }


def event(event_id: str) -> Attributes:
    """Known after PutEvents, or when received: the event's id is the message's."""
    return {"messaging.message_id": event_id}
