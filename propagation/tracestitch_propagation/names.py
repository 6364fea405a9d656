"""Names of span attributes: those of the current semantic conventions, and the old ones.

Current: messaging spans of semantic conventions 1.28 to 1.44. Old: those of 1.16 and
before, which tutorials for hand-written propagation and older dashboards use.
"""

from typing import Literal

from opentelemetry.util.types import AttributeValue

from tracestitch_propagation.messages import Attributes

Names = Literal["current", "old", "both"]

SYSTEM = "messaging.system"
DESTINATION = "messaging.destination.name"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
MESSAGE_ID = "messaging.message.id"
BATCH_COUNT = "messaging.batch.message_count"
CONSUMER_GROUP = "messaging.consumer.group.name"
PARTITION = "messaging.destination.partition.id"  # text, also where it is a number
KAFKA_OFFSET = "messaging.kafka.offset"
KAFKA_KEY = "messaging.kafka.message.key"
KAFKA_TOMBSTONE = "messaging.kafka.message.tombstone"
# No convention names a delivery's number for every broker; the first is SQS's own word.
SQS_RECEIVE_COUNT = "aws.sqs.approximate_receive_count"
SQS_QUEUE_URL = "aws.sqs.queue.url"
SQS_GROUP_ID = "aws.sqs.message.group_id"
SQS_DEDUPLICATION_ID = "aws.sqs.message.deduplication_id"
SQS_SEQUENCE_NUMBER = "aws.sqs.sequence_number"
SNS_TOPIC_ARN = "aws.sns.topic.arn"
SNS_MESSAGE_ID = "aws.sns.message_id"  # of what became a message of SQS, with an id of its own
EVENT_BUS = "aws.eventbridge.bus.name"
EVENT_SOURCE = "aws.eventbridge.source"
EVENT_DETAIL_TYPE = "aws.eventbridge.detail_type"
EVENT_ID = "aws.eventbridge.event.id"
ERROR_TYPE = "error.type"

# Characters of a text. Senders choose some of them (a key, what is in a body), and an export
# that is too large is lost with the spans of all other messages in it.
LONGEST_TEXT = 1024

_OLD = {
    DESTINATION: "messaging.destination",
    OPERATION_TYPE: "messaging.operation",
    MESSAGE_ID: "messaging.message_id",
    CONSUMER_GROUP: "messaging.kafka.consumer_group",
    PARTITION: "messaging.kafka.partition",
    KAFKA_OFFSET: "messaging.kafka.message.offset",
    KAFKA_KEY: "messaging.kafka.message_key",
    KAFKA_TOMBSTONE: "messaging.kafka.tombstone",
}


def name_attributes(attributes: Attributes, names: Names) -> dict[str, AttributeValue]:
    """The same attributes by the wanted names; those that never had another keep theirs. A
    text is cut at LONGEST_TEXT, at both ends of a hand-over alike."""
    attributes = {name: cut_text(value) for name, value in attributes.items()}
    if names == "current":
        return attributes
    old = dict(_name_old(name, value) for name, value in attributes.items())
    if names == "old":
        old.pop(OPERATION_NAME, None)  # there was one attribute for the operation
        return old
    return {**old, **attributes}


def cut_text(value: AttributeValue) -> AttributeValue:
    return value[:LONGEST_TEXT] if isinstance(value, str) else value


def _name_old(name: str, value: AttributeValue) -> tuple[str, AttributeValue]:
    if name == OPERATION_TYPE and value == "send":
        value = "publish"
    elif name == PARTITION and isinstance(value, str) and value.isdecimal():
        value = int(value)
    return _OLD.get(name, name), value
