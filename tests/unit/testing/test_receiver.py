"""Where processes under test send their spans."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from collector.otlp_client import OtlpClient, RequestRefused
from tests.builders import EPOCH, request, span
from tests.unit.testing.test_received import names
from tracestitch.testing.inbox import Inbox
from tracestitch.testing.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def send(receiver: Receiver, payload: bytes) -> None:
    client = OtlpClient(receiver.endpoint.removeprefix("http://"))
    try:
        client.send(payload)
    finally:
        client.close()


def post(receiver: Receiver, payload: bytes) -> int:
    asked = urllib.request.Request(
        f"{receiver.http_endpoint}/v1/traces",
        payload,
        {"Content-Type": "application/x-protobuf"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def now(name: str) -> bytes:
    """A span that ends in a minute."""
    return request(span(name, at=in_a_minute()))


def in_a_minute() -> float:
    """Seconds after the builders' time; asked for late, as a run of all tests takes longer."""
    return time.time() - EPOCH / 1e9 + 60


def seen(inbox: Inbox) -> list[str]:
    return [name for payload in inbox.read() for name in names(payload)]


def test_no_port_opens_before_it_is_asked_for(receiver: Receiver) -> None:
    assert not receiver.is_open
    assert receiver.endpoint == receiver.endpoint
    assert receiver.is_open


def test_spans_arrive_over_grpc_and_http(receiver: Receiver) -> None:
    inbox = Inbox()
    with receiver.going_to(inbox):
        send(receiver, now("over gRPC"))
        assert post(receiver, now("over HTTP")) == 200

    assert seen(inbox) == ["over gRPC", "over HTTP"]
    assert receiver.endpoint != receiver.http_endpoint


def test_a_port_stays_and_its_spans_go_to_the_test_that_runs(receiver: Receiver) -> None:
    first, second = Inbox(), Inbox()
    with receiver.going_to(first):
        send(receiver, now("one"))
    send(receiver, now("between"))
    with receiver.going_to(second):
        send(receiver, request(span("late", at=0), span("two", id=2, at=in_a_minute())))

    assert (seen(first), seen(second)) == (["one"], ["two"])
    assert (receiver.received, receiver.left_out) == (1, 1)


def test_garbage_is_refused_and_breaks_nothing(receiver: Receiver) -> None:
    inbox = Inbox()
    with receiver.going_to(inbox):
        with pytest.raises(RequestRefused, match="not an ExportTraceServiceRequest"):
            send(receiver, b"hello")
        assert post(receiver, b"hello") == 400
        send(receiver, now("order.publish"))

    assert seen(inbox) == ["order.publish"]


def test_the_environment_points_an_sdk_here(receiver: Receiver) -> None:
    grpc, http = receiver.environment("pay"), receiver.environment(http=True)

    assert grpc["OTEL_EXPORTER_OTLP_ENDPOINT"] == receiver.endpoint
    assert grpc["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == receiver.endpoint
    assert (grpc["OTEL_EXPORTER_OTLP_PROTOCOL"], grpc["OTEL_SERVICE_NAME"]) == ("grpc", "pay")
    assert http["OTEL_EXPORTER_OTLP_ENDPOINT"] == receiver.http_endpoint
    assert http["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == f"{receiver.http_endpoint}/v1/traces"
    assert http["OTEL_EXPORTER_OTLP_PROTOCOL"] == "http/protobuf"
    assert "OTEL_SERVICE_NAME" not in http
    assert "OTEL_PROPAGATORS" not in grpc
