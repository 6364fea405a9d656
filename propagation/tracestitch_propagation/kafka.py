"""Kafka: the context travels in record headers.

Takes what the clients hand over: confluent-kafka's `Message` (methods, headers None or a
list), records of kafka-python and aiokafka (fields, headers a list or tuple), and records
of a Lambda event (a mapping, keys in base64, a header as {name: [bytes as numbers]}).
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode

from tracestitch_propagation.carriers import (
    as_text,
    context_fields,
    describe_unread,
    read_fields,
    stale_names,
)
from tracestitch_propagation.messages import Attributes, Received, Sending
from tracestitch_propagation.names import (
    CONSUMER_GROUP,
    DESTINATION,
    ERROR_TYPE,
    KAFKA_KEY,
    KAFKA_OFFSET,
    KAFKA_TOMBSTONE,
    PARTITION,
)
from tracestitch_propagation.spans import Publishing

SYSTEM = "kafka"
_INT64 = 2**63  # a larger number would cost the whole export
Header = tuple[str, Any]  # clients differ in the values that they allow beside bytes


def inject_headers(
    headers: Mapping[str, Any] | Sequence[Header] | None = None,
    *,
    context: Context | None = None,
) -> list[Header]:
    """The headers of a record, with the context in the place of what they carried before.

    An older `traceparent` in whatever case is replaced, not kept beside the new one. The
    application's headers stay as they are, in their order.
    """
    fields = context_fields(context)
    stale = stale_names(fields, context)
    kept = [header for header in _list_headers(headers) if _name_of(header) not in stale]
    return [*kept, *((name, value.encode()) for name, value in fields.items())]


def forward_headers(message: object, *, context: Context | None = None) -> list[Header]:
    """The headers of a consumed record for sending it on, to a retry or dead-letter topic:
    all of the application's, and the context of now."""
    return inject_headers(read_headers(message), context=context)


def read_headers(message: object) -> list[Header]:
    """The headers of a record of any client as pairs, none where it has None."""
    pairs: list[Header] = []
    for header in _list_headers(_read(message, "headers")):
        match header:
            case [str(name), value]:
                pairs.append((name, value))
            case Mapping():
                pairs += [(str(name), _from_numbers(value)) for name, value in header.items()]
    return pairs


def extract_context(message: object) -> Context:
    """What a record carries, an empty Context if nothing. Of several headers of a name the
    last that has a value counts: senders append, so it is of the last sender."""
    return read_fields(_read_header_texts(message))


def sending(topic: str, key: object = None) -> Sending:
    """A record to a topic. `sent` takes what the client answers: confluent-kafka's delivered
    `Message`, kafka-python's and aiokafka's `RecordMetadata`, or a list of them."""
    return Sending(SYSTEM, topic, _known_key(key), _identify)


def on_delivery(publishing: Publishing) -> Callable[[Any, object], None]:
    """The delivery callback of confluent-kafka's `produce`. It is called by `poll` or
    `flush`: what is told after the span has ended is lost."""

    def report(error: Any, message: object) -> None:
        span = publishing.span
        if not span.is_recording():
            return
        if error is None:
            publishing.sent(message)
        else:
            span.set_attribute(ERROR_TYPE, as_text(_read(error, "name")) or "delivery failed")
            span.set_status(Status(StatusCode.ERROR, str(error)))

    return report


def received(message: object, group: str | None = None) -> Received:
    """A record of any client, for `process_span`; `group` is the consumer group. What `poll`
    reports of an error or the end of a partition is no record."""
    headers = _read_header_texts(message)
    context = read_fields(headers)
    key = _read(message, "key")
    attributes = {
        **_identify_one(message),
        **_known_key(_from_base64(message, key)),
        **describe_unread(headers, context),
    }
    if group:
        attributes[CONSUMER_GROUP] = group
    if key is not None and _read(message, "value") is None:
        attributes[KAFKA_TOMBSTONE] = True
    topic = as_text(_read(message, "topic"))
    return Received(context, SYSTEM, topic, attributes=attributes)


def _read_header_texts(message: object) -> dict[str, str]:
    """Headers by lower-case names; one that is null or no text is empty."""
    texts: dict[str, str] = {}
    for name, value in read_headers(message):
        text = as_text(value)
        if text or name.lower() not in texts:
            texts[name.lower()] = text or ""
    return texts


def _identify(answer: object) -> Attributes | list[Attributes]:
    if isinstance(answer, list):
        return [_identify_one(one) for one in answer]
    return _identify_one(answer)


def _identify_one(record: object) -> dict[str, Any]:
    """Partition and offset; clients say -1 or -1001 where there is none."""
    partition, offset = _read(record, "partition"), _read(record, "offset")
    known: dict[str, Any] = {}
    if type(partition) is int and 0 <= partition < _INT64:
        known[PARTITION] = str(partition)
        if type(offset) is int and 0 <= offset < _INT64:
            known[KAFKA_OFFSET] = offset
            if topic := as_text(_read(record, "topic")):
                known[DESTINATION] = topic  # without it a position on a link or event is none
    return known


def _known_key(key: object) -> dict[str, Any]:
    text = as_text(str(key) if type(key) is int else key)
    return {} if text is None else {KAFKA_KEY: text}


def _read(message: object, name: str) -> Any:
    value = message.get(name) if isinstance(message, Mapping) else getattr(message, name, None)
    try:
        return value() if callable(value) else value
    except Exception:  # noqa: BLE001
        # It means something else by that name, as text does by `partition`; or the client cannot
        # read what was sent: confluent-kafka's `headers` raises where a name is no UTF-8.
        return None


def _list_headers(headers: object) -> list[Any]:
    if isinstance(headers, Mapping):
        return list(headers.items())
    return list(headers) if isinstance(headers, list | tuple) else []


def _name_of(header: object) -> str | None:
    match header:
        case [str(name), *_]:
            return name.lower()
    return None


def _from_base64(message: object, key: object) -> object:
    """A Lambda event has the key in base64."""
    if not isinstance(message, Mapping) or not isinstance(key, str):
        return key
    try:
        return base64.b64decode(key, validate=True)
    except ValueError:
        return None


def _from_numbers(value: object) -> object:
    """A Lambda event has each byte as a number, in Java's way possibly below zero."""
    if not isinstance(value, list):
        return value
    try:
        return bytes(number & 0xFF for number in value)
    except TypeError:
        return None
