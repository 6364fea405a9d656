"""Apache Kafka, and brokers whose messages have headers."""

import re

from analyzer.case import Case
from analyzer.conditions import Finding, condition
from analyzer.retry_topics import retried_topic

# W3C Trace Context, "traceparent header": a trace id or span id of zeros is invalid.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

# Brokers with headers that have no causes of their own.
_HEADERS = ("rabbitmq", "jms", "activemq", "nats", "pulsar", "rocketmq")


@condition("record")
def record(case: Case) -> bool:
    """The message is a record of a Kafka topic that somebody writes to, without context."""
    direct = case.around.direct or case.found
    return not case.arrived and case.system == "kafka" and direct


@condition("mirrored topic")
def mirrored(case: Case) -> bool:
    """Nobody writes to this topic, somebody to the one that it is a copy of by its name: the
    name of a cluster before that of the topic, or `.replica`, `-mirror` and the like behind."""
    return case.around.mirrored


def _say_retry(case: Case) -> Finding:
    topic = case.root["destination"] or ""
    base = retried_topic(topic) or "another topic"
    return Finding(
        "destination", topic, f"By its name {topic} takes the records of {base} that failed."
    )


@condition("retry or dead-letter topic", say=_say_retry)
def retry_topic(case: Case) -> bool:
    """By its name the topic takes failed records of another one that is read: `orders-dlt`,
    `orders-retry-0`, `orders_error` beside `orders`."""
    return case.around.retried


@condition("sent to this destination")
def sent_here(case: Case) -> bool:
    """The producer that was found sent to the destination that the consumer read from."""
    return bool(case.facts["producer_destination"] == case.facts["own_destination"])


def _say_header(case: Case) -> Finding:
    header = case.facts["traceparent_header"]
    return Finding(
        "messaging.header.traceparent", header or '""', "The header as it arrived, well-formed."
    )


@condition("traceparent arrived", say=_say_header)
def traceparent_arrived(case: Case) -> bool:
    """A captured header of the record is a well-formed `traceparent`."""
    return bool(_TRACEPARENT.fullmatch(case.facts["traceparent_header"] or ""))


@condition("traceparent broken", say=_say_header)
def traceparent_broken(case: Case) -> bool:
    """A captured `traceparent` of the record is empty, all zeros or no such value."""
    header = case.facts["traceparent_header"]
    return header is not None and not _TRACEPARENT.fullmatch(header)


@condition("message with headers")
def with_headers(case: Case) -> bool:
    """The broker is RabbitMQ, JMS, ActiveMQ, NATS, Pulsar or RocketMQ."""
    return case.system in _HEADERS


@condition("task")
def task(case: Case) -> bool:
    """The message is a Celery task."""
    return case.system == "celery"


@condition("after a connected receive")
def after_connected_receive(case: Case) -> bool:
    """The work follows a receive span that ended, of the same process, and that continues
    its message's context."""
    return bool(case.facts["after"] == "connected")
