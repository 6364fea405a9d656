"""What a topic or a bus puts into the body of an SQS message: a context, and ids of its own.

SNS without raw delivery puts its notification there, EventBridge the event. An event that
went over a topic is the message inside of the notification.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.context import Context

from tracestitch_propagation.carriers import as_text, names_a_span, read_fields
from tracestitch_propagation.message_attributes import read_attributes
from tracestitch_propagation.messages import Attributes
from tracestitch_propagation.names import (
    EVENT_DETAIL_TYPE,
    EVENT_ID,
    EVENT_SOURCE,
    SNS_MESSAGE_ID,
    SNS_TOPIC_ARN,
)

EVENT_CARRIER = "_otel"  # the member of `detail` that holds the context

# One of these is in the text of every notification and event.
_NAMES = ('"TopicArn"', '"detail"', f'"{EVENT_CARRIER}"')
_NOTIFIED = {"TopicArn": SNS_TOPIC_ARN, "MessageId": SNS_MESSAGE_ID}
_HAPPENED = {"id": EVENT_ID, "source": EVENT_SOURCE, "detail-type": EVENT_DETAIL_TYPE}


@dataclass(frozen=True, slots=True)
class Body:
    """What stands in a body: nothing where it is the application's own."""

    context: Context = field(default_factory=Context)
    attributes: Attributes = field(default_factory=dict)


def read_body(body: object) -> Body:
    """Never raises: a body may be anything."""
    if not isinstance(body, str) or not any(name in body for name in _NAMES):
        return Body()  # most bodies, which need not be parsed
    inside = _read_object(body)
    is_notification = inside.get("Type") == "Notification" and "TopicArn" in inside
    return read_notification(inside) if is_notification else read_event(inside)


def read_notification(notification: Mapping[str, Any]) -> Body:
    """A notification of SNS; its message may be an event that a rule sent to the topic."""
    event = read_event(_read_object(notification.get("Message")))
    carried = read_fields(read_attributes(notification.get("MessageAttributes")))
    return Body(
        carried if names_a_span(carried) else event.context,
        {**_tell(notification, _NOTIFIED), **event.attributes},
    )


def read_event(event: Mapping[str, Any]) -> Body:
    """An event as targets get it, or what an input path or transformer made of it: `detail`
    may be JSON text, and `_otel` may stand beside it instead of inside."""
    detail = event.get("detail")
    detail = detail if isinstance(detail, Mapping) else _read_object(detail)
    carried = detail.get(EVENT_CARRIER, event.get(EVENT_CARRIER))
    fields = carried if isinstance(carried, Mapping) else _read_object(carried)
    texts = {str(name).lower(): as_text(value) for name, value in fields.items()}
    known = {name: text for name, text in texts.items() if text is not None}
    is_event = "detail" in event and "detail-type" in event
    return Body(read_fields(known), _tell(event, _HAPPENED) if is_event else {})


def _tell(told: Mapping[str, Any], names: Mapping[str, str]) -> Attributes:
    values = {name: as_text(told.get(member)) for member, name in names.items()}
    return {name: value for name, value in values.items() if value is not None}


def _read_object(text: object) -> Mapping[str, Any]:
    """The JSON object in a text; an empty one if it is none, or one that Python cannot read."""
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
