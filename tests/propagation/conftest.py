"""What tests of the propagation library have: recorded spans, and moto's AWS."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]  # ships no types
import pytest
from confluent_kafka import Producer
from moto.server import ThreadedMotoServer

from tests.propagation.queues import make_queue
from tests.propagation.recording import Recording

Aws = Callable[[str], Any]


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Spans of the global tracer provider, while the test runs."""
    return Recording(monkeypatch)


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_url: str) -> Aws:
    """Makes clients of a service. What they create stays: take another name in each test."""

    def make_client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=aws_url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return make_client


@pytest.fixture
def client(aws: Aws) -> Any:
    """Of SQS."""
    return aws("sqs")


@pytest.fixture
def queue(client: Any) -> str:
    """The URL of a queue of this test alone."""
    return make_queue(client, "orders")


@pytest.fixture(scope="session")
def kafka_servers() -> Iterator[str]:
    """librdkafka's mock cluster: it lives as long as the producer that started it. Topics come
    into being with four partitions; take another name in each test."""
    cluster = Producer({"test.mock.num.brokers": 1, "log_level": 2})
    brokers = cluster.list_topics("any", timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    cluster.flush(0)
