"""The receiver that recorders and tests use."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from collector.decoded import UndecodableRequest
from collector.other_signals import METRICS
from collector.otlp_client import OtlpClient, RequestRefused
from collector.otlp_sink import OtlpSink
from tests.builders import request, span


@contextmanager
def sending_to(sink: OtlpSink) -> Iterator[OtlpClient]:
    client = OtlpClient(sink.endpoint)
    try:
        yield client
    finally:
        client.close()


def refuse(_: bytes) -> None:
    raise UndecodableRequest("no request")


def test_requests_are_kept_as_they_were_sent() -> None:
    sent = request(span("order.publish"))

    with OtlpSink() as sink, sending_to(sink) as client:
        assert client.send(sent) == 0

    assert sink.requests == [sent]
    assert sink.framed() == struct.pack(">I", len(sent)) + sent
    assert [message.SerializeToString() for message in sink.parsed()] == [sent]


def test_a_request_larger_than_grpc_takes_by_itself_is_taken() -> None:
    with OtlpSink() as sink, sending_to(sink) as client:
        client.send(request(span(attributes={"body": "x" * 5_000_000})))

    assert len(sink.requests) == 1


def test_what_is_taken_may_be_refused() -> None:
    with (
        OtlpSink(take=refuse) as sink,
        sending_to(sink) as client,
        pytest.raises(RequestRefused, match=r"INVALID_ARGUMENT: no request"),
    ):
        client.send(b"hello")


def test_other_signals_are_answered_and_dropped() -> None:
    with OtlpSink() as sink, grpc.insecure_channel(sink.endpoint) as channel:
        export = channel.unary_unary(
            f"/{METRICS.service}/Export", request_serializer=None, response_deserializer=None
        )

        assert export(b"") == b""

    assert sink.requests == []
