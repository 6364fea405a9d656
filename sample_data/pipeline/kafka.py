"""Kafka clients; the only door to confluent-kafka beside the broker itself."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer

QUIET = {"log_level": 2}  # librdkafka tells of every closed connection otherwise
ASSIGNMENT_SECONDS = 30.0
DELIVERY_SECONDS = 10.0


class TopicWriter:
    def __init__(self, servers: str, topic: str) -> None:
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, **QUIET})
        self._topic = topic

    def send(
        self,
        key: str,
        value: str,
        headers: Sequence[tuple[str, Any]],
        on_delivery: Callable[[Any, object], None],
    ) -> None:
        """Returns when the broker has taken the record, and `on_delivery` was told."""
        self._producer.produce(
            self._topic, key=key, value=value, headers=list(headers), on_delivery=on_delivery
        )
        self._producer.flush(DELIVERY_SECONDS)


class TopicReader:
    """A member of a consumer group that commits each record after its handling."""

    def __init__(self, servers: str, topic: str, group: str) -> None:
        """Returns when partitions are assigned."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **QUIET,
            }
        )
        assigned: list[object] = []
        self._consumer.subscribe(
            [topic], on_assign=lambda _, partitions: assigned.append(partitions)
        )
        end = time.monotonic() + ASSIGNMENT_SECONDS
        self._first: Message | None = None
        while not assigned:
            if time.monotonic() > end:
                raise TimeoutError(f"no partition of {topic} was assigned to {group}")
            self._first = self._consumer.poll(0.1)

    def receive(self, seconds: float) -> Message | None:
        """The next record, None when there was none in time."""
        message, self._first = self._first or self._consumer.poll(seconds), None
        if message is not None and (error := message.error()) is not None:
            raise KafkaException(error)
        return message

    def commit(self, message: Message) -> None:
        self._consumer.commit(message=message, asynchronous=False)
