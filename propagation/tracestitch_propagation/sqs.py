"""SQS: the context travels in message attributes.

    with publish_span("order.publish", sqs.sending(url)) as publishing:
        answer = client.send_message(QueueUrl=url, MessageBody=body, **sqs.send_arguments())
        publishing.sent(answer)

    answer = client.receive_message(QueueUrl=url, **sqs.receive_arguments())
    for message in answer.get("Messages", []):
        with process_span("order.process", sqs.received(message, url)):
            ...

Messages are taken as boto3 gives them, and as records in an event of Lambda.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context

from tracestitch_propagation import xray
from tracestitch_propagation.bodies import Body, read_body
from tracestitch_propagation.carriers import (
    GIVEN_UP_FIRST,
    as_text,
    describe_unread,
    names_a_span,
    read_fields,
)
from tracestitch_propagation.message_attributes import (
    MAX_ATTRIBUTES,
    NO_ROOM,
    RECEIVED_ATTRIBUTES,
    SqsGetter,
    SqsSetter,
    as_sent,
    identify_messages,
    inject_attributes,
    place_context,
    read_attributes,
    report_unplaced,
)
from tracestitch_propagation.messages import Attributes, Received, Sending
from tracestitch_propagation.names import (
    MESSAGE_ID,
    SQS_DEDUPLICATION_ID,
    SQS_GROUP_ID,
    SQS_QUEUE_URL,
    SQS_RECEIVE_COUNT,
    SQS_SEQUENCE_NUMBER,
)

__all__ = [
    "MAX_ATTRIBUTES",
    "SqsGetter",
    "SqsSetter",
    "extract_context",
    "forward_arguments",
    "inject_attributes",
    "inject_entries",
    "receive_arguments",
    "received",
    "send_arguments",
    "sending",
]

SYSTEM = "aws_sqs"
XRAY_ATTRIBUTE = "AWSTraceHeader"
_AS_XRAY = f"{NO_ROOM}; the trace goes on in {XRAY_ATTRIBUTE}, which holds neither of the others"
# System attributes that say something of a message -> attribute of its span
_SYSTEM_ATTRIBUTES = {
    "ApproximateReceiveCount": SQS_RECEIVE_COUNT,
    "MessageGroupId": SQS_GROUP_ID,
    "MessageDeduplicationId": SQS_DEDUPLICATION_ID,
    "SequenceNumber": SQS_SEQUENCE_NUMBER,
}
_DIGITS = 10  # more than 64 bits would cost the whole export
_ANSWERED = {"MessageId": MESSAGE_ID, "SequenceNumber": SQS_SEQUENCE_NUMBER}


def sending(queue_url: str, *, group_id: str | None = None) -> Sending:
    """Of `send_message` and `send_message_batch`. The destination is the queue's name."""
    group: Attributes = {} if group_id is None else {SQS_GROUP_ID: group_id}
    return Sending(
        SYSTEM,
        _name_queue(queue_url),
        {**_locate_queue(queue_url), **group},
        _identify,
    )


def send_arguments(
    attributes: Mapping[str, Any] | None = None, *, context: Context | None = None
) -> dict[str, Any]:
    """Arguments of `send_message`: your attributes, and the context beside them.

    Where ten of your own leave no room, the trace and the span still travel in X-Ray's header,
    a system attribute that does not count. What is lost is reported as by inject_attributes.
    """
    placed = dict(attributes or {})
    dropped = place_context(placed, context)
    arguments: dict[str, Any] = {"MessageAttributes": placed}
    here = trace.get_current_span(context).get_span_context()
    is_without = here.is_valid and not {*dropped} <= {*GIVEN_UP_FIRST}
    if is_without:
        arguments["MessageSystemAttributes"] = _write_xray(xray.write_header(here))
    report_unplaced(dropped, _AS_XRAY if is_without else NO_ROOM, context)
    return arguments


def inject_entries(
    entries: Sequence[Mapping[str, Any]], *, context: Context | None = None
) -> list[dict[str, Any]]:
    """The entries of `send_message_batch`, with the context in each of them."""
    return [
        {**entry, **send_arguments(entry.get("MessageAttributes"), context=context)}
        for entry in entries
    ]


def forward_arguments(
    message: Mapping[str, Any], *, context: Context | None = None
) -> dict[str, Any]:
    """Arguments of `send_message` for a message that is sent on, to a dead-letter queue or back
    from one: it keeps its attributes. The current context takes the place of what it carried;
    where there is none, it keeps that, too."""
    arguments = send_arguments(as_sent(_list_attributes(message)), context=context)
    header = _read_system(message, XRAY_ATTRIBUTE)
    if header and not names_a_span(context):
        arguments["MessageSystemAttributes"] = _write_xray(header)
    return arguments


def receive_arguments(**others: Any) -> dict[str, Any]:
    """Arguments of `receive_message`. SQS returns no attribute that is not asked for; without
    these every consumer's span is a root (docs/causes/S1.md of tracestitch)."""
    return {**others, "MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}


def extract_context(message: object) -> Context:
    """What a message carries: in its attributes, else in the notification of SNS or the event
    of EventBridge in its body, else in X-Ray's header. W3C comes before X-Ray.

    A header that is not sampled is passed over: where X-Ray is not in use AWS writes such ones
    by itself, and a sampler that obeys its parent would record none of these messages.
    """
    return _choose_context(message, read_body(_read(message, "Body")))


def received(message: object, queue: str | None = None) -> Received:
    """A message of `receive_message`, or a record of an event of Lambda. `queue` is a URL, an
    ARN or a name; a record knows its own."""
    queue = queue or _read(message, "eventSourceARN")
    told = {
        name: value
        for member, name in _SYSTEM_ATTRIBUTES.items()
        if (value := _read_system(message, member))
    }
    count = told.pop(SQS_RECEIVE_COUNT, "")
    is_number = count.isdecimal() and len(count) < _DIGITS
    attempt: Attributes = {SQS_RECEIVE_COUNT: int(count)} if is_number else {}
    inside = read_body(_read(message, "Body"))
    context = _choose_context(message, inside)
    return Received(
        context=context,
        system=SYSTEM,
        destination=_name_queue(queue) if queue else None,
        message_id=_read(message, "MessageId"),
        attributes={
            **(_locate_queue(queue) if queue else {}),
            **told,
            **attempt,
            **inside.attributes,
            **describe_unread(read_attributes(_list_attributes(message)), context),
            **_count_attributes(message, context),
        },
    )


def _identify(answer: object) -> Attributes | Sequence[Attributes]:
    return identify_messages(answer, _ANSWERED)


def _choose_context(message: object, inside: Body) -> Context:
    carried = read_fields(read_attributes(_list_attributes(message)))
    if names_a_span(carried):
        return carried
    if names_a_span(inside.context):
        return inside.context
    found = xray.read_header(_read_system(message, XRAY_ATTRIBUTE))
    if found is None or not found.trace_flags.sampled:
        return carried
    return trace.set_span_in_context(trace.NonRecordingSpan(found), carried)


def _read(message: object, member: str) -> str | None:
    """A member in the spelling of boto3 (`Body`) or of Lambda (`body`)."""
    if not isinstance(message, Mapping):
        return None
    return as_text(message.get(member, message.get(member[0].lower() + member[1:])))


def _read_system(message: object, name: str) -> str | None:
    """A system attribute, which both spellings name alike."""
    if not isinstance(message, Mapping):
        return None
    attributes = message.get("Attributes", message.get("attributes"))
    return as_text(attributes.get(name)) if isinstance(attributes, Mapping) else None


def _list_attributes(message: object) -> object:
    if not isinstance(message, Mapping):
        return None
    return message.get("MessageAttributes", message.get("messageAttributes"))


def _count_attributes(message: object, context: Context) -> Attributes:
    """Of a message without context: that attributes came says that they were asked for."""
    attributes = _list_attributes(message)
    if names_a_span(context) or not isinstance(attributes, Mapping) or not attributes:
        return {}
    return {RECEIVED_ATTRIBUTES: len(attributes)}


def _write_xray(header: str) -> dict[str, Any]:
    return {XRAY_ATTRIBUTE: {"DataType": "String", "StringValue": header}}


def _name_queue(queue: str) -> str:
    """The last part of a URL, an ARN or a name."""
    return queue.rstrip("/").rpartition("/")[2].rpartition(":")[2]


def _locate_queue(queue: str) -> Attributes:
    return {SQS_QUEUE_URL: queue} if "://" in queue else {}
