"""The fixture `stitched` in tests of services over real broker protocols."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from tests.architecture.sources import ROOT
from tests.flow.tutorial_services import Bus, Queue, Topic
from tests.waiting import PATIENCE_SECONDS, running
from tracestitch.testing.stitched import Stitched

KNOWN = 0x4BF92F3577B34DA6A3CE929D0E0E4736
IN_TIME = "1s"
"""A break is told after it: nothing waits for other processes here."""


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def queue(aws: str, request: pytest.FixtureRequest) -> Queue:
    return Queue(aws, f"orders-{abs(hash(request.node.name))}")


@pytest.fixture
def known() -> Context:
    """A context that no span of this process belongs to."""
    remote = SpanContext(KNOWN, 0x00F067AA0BA902B7, True, TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(remote))


def test_a_known_trace_arrives(stitched: Stitched, queue: Queue, known: Context) -> None:
    queue.publish("123", known)
    queue.process()

    stitched.assert_propagated("order.publish", "order.process", trace_id=KNOWN)


def test_attributes_that_are_not_requested_fail_with_cause_and_fix(
    stitched: Stitched, queue: Queue, known: Context
) -> None:
    queue.publish("123", known)
    queue.process(with_attributes=False)

    with pytest.raises(AssertionError) as told:
        stitched.assert_propagated(
            "order.publish", "order.process", trace_id=KNOWN, timeout=IN_TIME
        )

    text = str(told.value)
    assert text.startswith(
        "order.publish → order.process is not propagated in 1 of 1 hand-over (waited "
    )
    assert "! S1 Message attributes were not requested" in text
    assert 'MessageAttributeNames=["All"]' in text
    assert text.count("order.publish  (") == 1, "the producer is drawn, too"


def test_a_linked_consumer_is_propagated(stitched: Stitched, queue: Queue) -> None:
    queue.publish("123")
    queue.process(as_link=True)

    stitched.assert_propagated("order.publish", "order.process", relation="link")
    stitched.assert_one_journey("order.id", 123)
    stitched.assert_no_orphans(after=["order.process"])
    stitched.assert_max_wait("order.publish", "order.process", "1m")
    with pytest.raises(AssertionError, match="has its producer as link, not as parent"):
        stitched.assert_propagated("order.publish", "order.process", relation="parent", timeout=0)


def test_each_message_of_a_batch_is_linked(stitched: Stitched, queue: Queue) -> None:
    for number in range(3):
        queue.publish(str(number))
    queue.process_batch()

    stitched.assert_propagated("order.publish", "order.process", count=3)


def test_a_batch_without_links_is_broken(stitched: Stitched, queue: Queue) -> None:
    for number in range(3):
        queue.publish(str(number))
    queue.process_batch(with_attributes=False)

    with pytest.raises(AssertionError, match="is not propagated in 1 of 1 hand-over"):
        stitched.assert_propagated("order.publish", "order.process", timeout=IN_TIME)


def test_kafka_headers_carry_the_context(stitched: Stitched) -> None:
    topic = Topic()
    topic.publish("123")
    topic.process()

    stitched.assert_propagated("payment.publish", "payment.process")


def test_kafka_records_without_headers_are_broken(stitched: Stitched) -> None:
    topic = Topic()
    topic.publish("123", with_headers=False)
    topic.process()

    with pytest.raises(AssertionError) as told:
        stitched.assert_propagated("payment.publish", "payment.process", timeout=IN_TIME)

    assert "stitched by Kafka offset" in str(told.value)
    assert "! K1 The record has no context header" in str(told.value)


def test_events_carry_the_context_in_their_detail(stitched: Stitched, aws: str) -> None:
    bus = Bus(aws, "stock", transformed=False)
    bus.publish("123")
    bus.process()

    stitched.assert_propagated("stock.publish", "stock.process")


def test_an_input_transformer_breaks_it(stitched: Stitched, aws: str) -> None:
    bus = Bus(aws, "stock-stripped", transformed=True)
    bus.publish("123")
    bus.process()

    with pytest.raises(AssertionError, match="! E1 The event carries no context"):
        stitched.assert_propagated("stock.publish", "stock.process", timeout=IN_TIME)


@contextmanager
def consuming(queue: Queue, environment: dict[str, str], *flags: str) -> Iterator[None]:
    """A service of its own, which goes on until the end."""
    command = [sys.executable, "-m", "tests.flow.tutorial_consumer", queue.aws_url, queue.name]
    environment = os.environ | environment
    with running([*command, *flags], cwd=ROOT, env=environment, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        yield
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("http", [False, True], ids=["gRPC", "HTTP"])
def test_a_consumer_in_another_process_is_waited_for(
    http: bool, stitched: Stitched, queue: Queue
) -> None:
    queue.publish("123")

    with consuming(queue, stitched.environment("payment-service", http=http)):
        stitched.assert_propagated(
            "order.publish", consumer_service="payment-service", timeout="60s"
        )
        stitched.assert_no_orphans()


def test_a_consumer_in_another_process_that_breaks_the_trace_is_told(
    stitched: Stitched, queue: Queue
) -> None:
    queue.publish("123")

    with consuming(queue, stitched.environment("payment-service"), "--without-attributes"):
        stitched.wait_for("order.process", timeout="60s")
        with pytest.raises(AssertionError, match=r"payment-service: order\.process .*! S1"):
            stitched.assert_propagated("order.publish", "order.process", timeout=0)
        with pytest.raises(AssertionError, match="Seen: 1 orphan root"):
            stitched.assert_no_orphans(timeout=0)


def test_a_consumer_that_does_not_come_is_missed(stitched: Stitched, queue: Queue) -> None:
    assert stitched.environment("payment-service")
    queue.publish("123")

    with pytest.raises(AssertionError) as told:
        stitched.assert_propagated("order.publish", "order.process", timeout=0)

    assert str(told.value).splitlines()[1:] == [
        "Seen in this test:",
        "  unknown_service:python: order.publish",
        "Is order.process perhaps order.publish?",
        "Requests that arrived at the OTLP port: 0.",
    ]
