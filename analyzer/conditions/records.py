"""Apache Kafka, and brokers whose messages have headers."""

from analyzer.case import Case
from analyzer.conditions import condition

# Brokers with headers that have no causes of their own.
_HEADERS = ("rabbitmq", "jms", "activemq", "nats", "pulsar", "rocketmq")


@condition("record")
def record(case: Case) -> bool:
    """The message is a record of a Kafka topic that somebody writes to, without context."""
    direct = case.around.direct or case.found
    return not case.arrived and case.system == "kafka" and direct


@condition("mirrored topic")
def mirrored(case: Case) -> bool:
    """Nobody writes to this topic, somebody to the topic that its name ends with."""
    return case.around.mirrored


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
