"""How instrumentations write a send and a delivery down: tables of data.

A style names the facts that its spans tell; `spell` gives them the attribute names of
the age of the conventions that the instrumentation follows (docs/messaging-attributes.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Fact -> attribute, of semconv up to 1.16, 1.17 to 1.24, and 1.27 and later.
OLD = {
    "destination": "messaging.destination",
    "operation": "messaging.operation",
    "id": "messaging.message_id",
    "partition": "messaging.kafka.partition",
    "offset": "messaging.kafka.message.offset",
    "key": "messaging.kafka.message_key",
    "group": "messaging.kafka.consumer_group",
    "count": "messaging.batch_count",
}
MIDDLE = {
    "destination": "messaging.destination.name",
    "operation": "messaging.operation",
    "id": "messaging.message.id",
    "partition": "messaging.kafka.destination.partition",
    "offset": "messaging.kafka.message.offset",
    "key": "messaging.kafka.message.key",
    "group": "messaging.kafka.consumer.group",
    "count": "messaging.batch.message_count",
}
NEW = {
    "destination": "messaging.destination.name",
    "operation": "messaging.operation.type",
    "id": "messaging.message.id",
    "partition": "messaging.destination.partition.id",
    "offset": "messaging.kafka.offset",
    "key": "messaging.kafka.message.key",
    "group": "messaging.consumer.group.name",
    "count": "messaging.batch.message_count",
}
W3C, XRAY = frozenset({"w3c"}), frozenset({"xray"})

# Facts whose name is the same in every age.
_ALWAYS = {
    "system": "messaging.system",
    "order": "order.id",
    "task": "celery.task_name",
    "routing_key": "messaging.rabbitmq.routing_key",
    "trigger": "faas.trigger",
    "invocation": "faas.invocation_id",
    "method": "rpc.method",
    "service": "rpc.service",
    "queue_url": "aws.queue_url",
    "detail_type": "aws.eventbridge.detail_type",
    "source": "aws.eventbridge.source",
    "destination_url": "messaging.destination",
    "topic_arn": "messaging.destination.name",
    "offset_id": "messaging.message_id",  # no more than the offset
    "address": "server.address",
    "record_id": "messaging.message.id",  # topic.partition.offset
    "celery_id": "messaging.message.id",
    "attempt": "aws.sqs.approximate_receive_count",
}
_TEXT = {"partition"}  # a string since 1.25


@dataclass(frozen=True, slots=True)
class Told:
    """A span that an instrumentation makes: its name (`{}` is the destination,
    `{domain}` what the channel is about), kind,
    the facts that it tells of a message, and fixed ones."""

    name: str
    kind: str
    facts: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendStyle:
    language: str
    scope: tuple[str, str]
    names: Mapping[str, str]
    span: Told
    carriers: frozenset[str] = W3C
    """What its context travels in."""
    call: Told | None = None
    """A second span of the same send below it: the API call."""


@dataclass(frozen=True, slots=True)
class ReceiveStyle:
    """`shape` names a function of tests/generated/shapes.py."""

    language: str
    scope: tuple[str, str]
    names: Mapping[str, str]
    shape: str
    process: Told
    receive: Told | None = None
    batches: bool = False
    """May take several messages at once."""
    link_facts: tuple[str, ...] = ()
    settles: Told | None = None
    carriers: frozenset[str] = W3C
    """Where it looks for a context."""


def spell(
    names: Mapping[str, str], told: Told, facts: Mapping[str, Any], only: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Attributes of a span, of the facts that it tells (`only`: those of a link)."""
    spelled = {}
    for fact, value in {**facts, **told.fixed}.items():
        wanted = fact in only if only else fact in told.facts or fact in told.fixed
        if wanted and value is not None:
            text = fact in _TEXT and names is NEW
            spelled[names.get(fact) or _ALWAYS[fact]] = str(value) if text else value
    if "rpc.method" in spelled:
        spelled |= {"rpc.system": "aws-api", "aws.request_id": f"req-{facts['number']}"}
    return spelled
