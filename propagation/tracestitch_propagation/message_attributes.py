"""Message attributes, the carrier of SQS and SNS: named, typed values, at most ten a message.

boto3 gives and takes `{"DataType": "String", "StringValue": "…"}`. Events of Lambda spell it
`stringValue`, with binary values as base64 text; notifications of SNS have
`{"Type": "String", "Value": "…"}`.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

import base64
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, Setter

from tracestitch_propagation.carriers import (
    as_text,
    context_fields,
    report_dropped,
    stale_names,
)
from tracestitch_propagation.messages import Attributes
from tracestitch_propagation.names import DESTINATION

MAX_ATTRIBUTES = 10
RECEIVED_ATTRIBUTES = "propagation.received.attributes"
NO_ROOM = f"a message has at most {MAX_ATTRIBUTES} attributes: pack some of your own into one"

MessageAttributes = MutableMapping[str, Any]


class SqsSetter(Setter[MessageAttributes]):
    """Writes fields as message attributes. What finds no room is reported, not written."""

    def set(self, carrier: MessageAttributes, key: str, value: str) -> None:
        report_dropped(_place(carrier, {key: value}, {key.lower()}), _destination(None), NO_ROOM)


class SqsGetter(Getter[Mapping[str, Any]]):
    """Reads text and binary attributes in all their shapes, by names in any case."""

    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = read_attributes(carrier).get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return list(read_attributes(carrier))


def inject_attributes(
    attributes: MessageAttributes, *, context: Context | None = None
) -> tuple[str, ...]:
    """Add the context (the current one unless given) in place; fields of an earlier sender are
    replaced. Your own attributes all stay.

    Returns the fields that found no room: baggage is the first to go, then the tracestate,
    last the traceparent. They are also an event on the current span and a warning in the log.
    """
    dropped = place_context(attributes, context)
    report_unplaced(dropped, NO_ROOM, context)
    return dropped


def place_context(attributes: MessageAttributes, context: Context | None) -> tuple[str, ...]:
    """As inject_attributes, and says nothing of what found no room."""
    fields = context_fields(context)
    return _place(attributes, fields, stale_names(fields, context))


def report_unplaced(fields: tuple[str, ...], reason: str, context: Context | None) -> None:
    report_dropped(fields, _destination(context), reason, context)


def read_attributes(attributes: object) -> dict[str, str]:
    """Lower-case names and texts. What is no text is left out; garbage makes an empty one."""
    found: dict[str, str] = {}
    if isinstance(attributes, Mapping):
        for name, attribute in attributes.items():
            text = _read_text(attribute)
            if isinstance(name, str) and text is not None:
                found.setdefault(name.lower(), text)
    return found


def as_sent(attributes: object) -> dict[str, Any]:
    """Attributes of a received message in the shape that boto3 sends."""
    if not isinstance(attributes, Mapping):
        return {}
    found = {name: _as_sent(attribute) for name, attribute in attributes.items()}
    return {name: attribute for name, attribute in found.items() if attribute}


def identify_messages(
    answer: object, names: Mapping[str, str]
) -> Attributes | Sequence[Attributes]:
    """What an answer of SQS or SNS tells by these names of its members -> attribute names: of
    one message, or of each of a batch."""
    if not isinstance(answer, Mapping):
        return {}
    batch = answer.get("Successful")
    if isinstance(batch, list):
        return [_name(each, names) for each in batch if isinstance(each, Mapping)]
    return _name(answer, names)


def _name(answer: Mapping[str, Any], names: Mapping[str, str]) -> Attributes:
    told = {name: as_text(answer.get(member)) for member, name in names.items()}
    return {name: value for name, value in told.items() if value is not None}


def _place(
    attributes: MessageAttributes, fields: Mapping[str, str], stale: Collection[str]
) -> tuple[str, ...]:
    for name in [name for name in attributes if name.lower() in stale]:
        del attributes[name]
    dropped = []
    for name, value in fields.items():
        if len(attributes) >= MAX_ATTRIBUTES:
            dropped.append(name)
        elif value:  # an empty value would have the whole message refused
            attributes[name] = {"DataType": "String", "StringValue": value}
    return tuple(dropped)


def _destination(context: Context | None) -> str:
    """Of the publishing span, as far as the SDK lets it be read."""
    attributes = getattr(trace.get_current_span(context), "attributes", None) or {}
    return str(attributes.get(DESTINATION, "a message"))


def _read_text(attribute: object) -> str | None:
    if not isinstance(attribute, Mapping):
        return None
    for name in ("StringValue", "stringValue", "BinaryValue", "binaryValue", "Value"):
        value = attribute.get(name)
        if isinstance(value, str):
            kind = attribute.get("Type", "")
            is_binary = name.lower().startswith("binary") or kind == "Binary"
            return as_text(_from_base64(value) if is_binary else value)
        if isinstance(value, bytes):
            return as_text(value)
    return None


def _as_sent(attribute: object) -> dict[str, object] | None:
    if not isinstance(attribute, Mapping):
        return None
    kind = attribute.get("DataType", attribute.get("dataType"))
    text = attribute.get("StringValue", attribute.get("stringValue"))
    if text is not None:
        return {"DataType": kind, "StringValue": text}
    binary = attribute.get("BinaryValue", attribute.get("binaryValue"))
    if isinstance(binary, str):
        binary = _from_base64(binary)
    return None if binary is None else {"DataType": kind, "BinaryValue": binary}


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
