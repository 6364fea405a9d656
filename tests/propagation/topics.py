"""Topics of a broker, written and read by confluent-kafka."""

from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition


class Topics:
    """A producer and readers of a broker."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self.producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, "log_level": 2})

    def publish(self, topic: str, headers: Any, on_delivery: Any = None) -> None:
        self.producer.produce(
            topic, b"{}", b"order-1", partition=0, headers=headers, on_delivery=on_delivery
        )
        assert self.producer.flush(10) == 0

    def read(self, topic: str, count: int = 1) -> list[Message]:
        """The first records of partition 0."""
        options = {"bootstrap.servers": self._servers, "group.id": "billing", "log_level": 2}
        with closing(Consumer(options)) as consumer:
            consumer.assign([TopicPartition(topic, 0, 0)])
            messages = consumer.consume(count, timeout=30)
        assert [message.error() for message in messages] == [None] * count
        return messages
