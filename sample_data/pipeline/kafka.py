"""Kafka clients; the only door to confluent-kafka beside the broker itself."""

import json
import time
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer

from sample_data.pipeline.carriers import KafkaHeaders

QUIET = {"log_level": 2}  # librdkafka tells of every closed connection otherwise
ASSIGNMENT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Record:
    partition: int
    offset: int
    body: dict[str, Any]
    headers: KafkaHeaders | None


class TopicWriter:
    def __init__(self, servers: str, topic: str) -> None:
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, **QUIET})
        self._topic = topic

    def send(self, key: str, body: dict[str, Any], headers: KafkaHeaders | None) -> tuple[int, int]:
        """Returns partition and offset, once the broker has reported them."""
        reports: list[tuple[int, int]] = []

        def note(error: object, message: Message) -> None:
            if error is not None:
                raise KafkaException(error)
            reports.append((message.partition() or 0, message.offset() or 0))

        self._producer.produce(
            self._topic,
            key=key,
            value=json.dumps(body),
            headers=[(name, value) for name, value in headers or []],
            on_delivery=note,
        )
        self._producer.flush(10)
        return reports[0]


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

    def receive(self, seconds: float) -> tuple[Record, Message] | None:
        """The next record and what to commit, None when there was none in time."""
        message, self._first = self._first or self._consumer.poll(seconds), None
        if message is None:
            return None
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        record = Record(
            partition=message.partition() or 0,
            offset=message.offset() or 0,
            body=json.loads(message.value() or b"null"),
            headers=_headers_of(message),
        )
        return record, message

    def commit(self, message: Message) -> None:
        self._consumer.commit(message=message, asynchronous=False)

    def close(self) -> None:
        self._consumer.close()


def _headers_of(message: Message) -> KafkaHeaders | None:
    headers = message.headers()
    if not isinstance(headers, list):
        return None
    return [(name, value) for name, value in headers if isinstance(value, bytes)]
