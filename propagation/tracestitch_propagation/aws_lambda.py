"""Lambda: messages in the event that a function is invoked with.

    def handler(event, _context):
        return aws_lambda.process_records(event, ship, name="order.process")

SQS, SNS and Kafka (Amazon MSK or self-managed) send several in one event, EventBridge one.
"""

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Tracer

from tracestitch_propagation import eventbridge, kafka, sns, sqs
from tracestitch_propagation.messages import Attributes, Received
from tracestitch_propagation.names import Names
from tracestitch_propagation.spans import Relation, process_span

# Events of Lambda hold all message attributes and each is read here, so that a message without
# context had none: a scope of its own lets tracestitch tell so (analyzer/carriers.toml there).
SCOPE = "tracestitch_propagation.aws_lambda"

_logger = logging.getLogger(__name__)


def received_records(event: object) -> list[tuple[Any, Received]]:
    """The messages of an event, each with what it carried. `_otel` is removed from details.

    An object that has no records is taken for an event of EventBridge, whatever a rule's
    transformer made of it. Raises ValueError for records that are no messages, such as those
    of S3, DynamoDB or Kinesis.
    """
    if not isinstance(event, Mapping):
        raise ValueError(f"an event of Lambda is an object, not {type(event).__name__}")
    if isinstance(event.get("Records"), list):
        return [(record, _receive(record)) for record in event["Records"]]
    if isinstance(event.get("records"), Mapping):
        return [(record, kafka.received(record)) for record in _list_kafka(event["records"])]
    return [(event, eventbridge.received(event))]


def process_records(
    event: object,
    handle: Callable[[Any], object],
    *,
    name: str,
    attributes: Callable[[Any], Attributes] | None = None,
    relation: Relation = "link",
    tracer: Tracer | None = None,
    names: Names = "current",
) -> dict[str, list[dict[str, str]]]:
    """Handle each record below a process span of its own, and return what Lambda wants to know.

    Errors of SQS records are logged, and their messages come again: set ReportBatchItemFailures
    in the event source mapping, else Lambda takes them for done. Of a FIFO queue everything
    behind the first failure of a message group is left to come again, too. Of other sources
    the first error is raised after all records had their turn; behind a failure in a partition
    of Kafka none has. `attributes` makes span attributes of a record.

    Raises ValueError as received_records.
    """

    tracer = tracer or trace.get_tracer(SCOPE)

    def run(record: Any, received: Received) -> None:
        told = attributes(record) if attributes else None
        with process_span(name, received, told, relation=relation, tracer=tracer, names=names):
            handle(record)

    undone = _run_in_order(received_records(event), run)
    for received, error in undone:
        if error is not None and received.system != sqs.SYSTEM:
            raise error
    # Without an id Lambda lets the whole batch come again.
    ids = [received.message_id or "" for received, _ in undone]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in ids]}


def _run_in_order(
    records: Iterable[tuple[Any, Received]], run: Callable[[Any, Received], None]
) -> list[tuple[Received, Exception | None]]:
    """What is not done: messages that failed, and those that must not overtake them."""
    undone: list[tuple[Received, Exception | None]] = []
    stopped: set[Hashable] = set()
    for record, received in records:
        order = _find_order(record)
        if order in stopped:
            undone.append((received, None))
            continue
        try:
            run(record, received)
        except Exception as error:
            _logger.exception("a record of %s failed", received.system)
            undone.append((received, error))
            if order is not None:
                stopped.add(order)
    return undone


def _receive(record: object) -> Received:
    told = record if isinstance(record, Mapping) else {}
    source = told.get("eventSource", told.get("EventSource"))
    if source == "aws:sqs":
        received = sqs.received(record)
    elif source == "aws:sns":
        received = sns.received(record)
    else:
        raise ValueError(f"records of {source} are no messages of SQS, SNS or Kafka")
    eventbridge.take_context(record)
    return received


def _list_kafka(partitions: Mapping[str, Any]) -> Iterator[Any]:
    for records in partitions.values():
        if isinstance(records, list):
            yield from records


def _find_order(record: object) -> Hashable:
    """What keeps its records in order: a FIFO queue's message group, Kafka's partition."""
    if not isinstance(record, Mapping):
        return None
    if isinstance(record.get("partition"), int):
        return ("partition", str(record.get("topic")), record["partition"])
    if not str(record.get("eventSourceARN")).endswith(".fifo"):
        return None
    attributes = record.get("attributes")
    group = attributes.get("MessageGroupId") if isinstance(attributes, Mapping) else None
    return ("group", str(group))
