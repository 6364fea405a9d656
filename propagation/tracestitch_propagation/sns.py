"""SNS: the context travels in message attributes, which have the shape of those of SQS.

A topic hands on the attributes beside the message where raw delivery is on; where it is off
they are inside of the body, in an envelope. With raw delivery SNS discards a message with
more than ten attributes, so ten is the limit here, too.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.context import Context

from tracestitch_propagation.bodies import read_notification
from tracestitch_propagation.carriers import as_text, describe_unread
from tracestitch_propagation.message_attributes import (
    identify_messages,
    inject_attributes,
    read_attributes,
)
from tracestitch_propagation.messages import Attributes, Received, Sending
from tracestitch_propagation.names import MESSAGE_ID, SNS_MESSAGE_ID, SNS_TOPIC_ARN

__all__ = [
    "extract_context",
    "inject_attributes",
    "inject_entries",
    "publish_arguments",
    "received",
    "sending",
]

SYSTEM = "aws_sns"


def sending(topic_arn: str) -> Sending:
    """Of `publish` and `publish_batch`. The destination is the ARN, as the convention wants."""
    return Sending(SYSTEM, topic_arn, {SNS_TOPIC_ARN: topic_arn}, _identify)


def publish_arguments(
    attributes: Mapping[str, Any] | None = None, *, context: Context | None = None
) -> dict[str, Any]:
    """Arguments of `publish`: your attributes, and the context beside them."""
    with_context = dict(attributes or {})
    inject_attributes(with_context, context=context)
    return {"MessageAttributes": with_context}


def inject_entries(
    entries: Sequence[Mapping[str, Any]], *, context: Context | None = None
) -> list[dict[str, Any]]:
    """The entries of `publish_batch`, with the context in each of them."""
    return [
        {**entry, **publish_arguments(entry.get("MessageAttributes"), context=context)}
        for entry in entries
    ]


def extract_context(notification: object) -> Context:
    """What a notification carries, in its attributes or in the event of EventBridge that is
    its message: the body of an HTTP request, or a record in an event of Lambda."""
    return read_notification(_open_record(notification)).context


def received(notification: object) -> Received:
    """A notification: the body of an HTTP request as an object, or a record of an event of
    Lambda, or its `Sns`."""
    told = _open_record(notification)
    inside = read_notification(told)
    known = dict(inside.attributes)
    message_id = known.pop(SNS_MESSAGE_ID, None)
    fields = read_attributes(told.get("MessageAttributes"))
    return Received(
        context=inside.context,
        system=SYSTEM,
        destination=as_text(known.get(SNS_TOPIC_ARN)),
        message_id=as_text(message_id),
        attributes={**known, **describe_unread(fields, inside.context)},
    )


def _open_record(notification: object) -> Mapping[str, Any]:
    told = notification if isinstance(notification, Mapping) else {}
    inner = told.get("Sns")
    return inner if isinstance(inner, Mapping) else told


def _identify(answer: object) -> Attributes | Sequence[Attributes]:
    return identify_messages(answer, {"MessageId": MESSAGE_ID})
