"""Requests that would become gigabytes, or a text that no store holds in one piece."""

from collections.abc import Callable

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decoded import Decoder, UndecodableRequest, decode_request
from collector.decoding import make_decoder
from collector.python_decoder import PythonDecoder
from tests.builders import request, span

DECODERS = {decoder.name: decoder for decoder in (PythonDecoder(), make_decoder())}
MIB = 1 << 20


def long_text() -> bytes:
    return request(span(attributes={"a": "\x01" * (8 * MIB)}))


def long_event() -> bytes:
    return request(span(events=[("e", {"a": "x" * (8 * MIB)})]))


def long_resource() -> bytes:
    return request(span(resource={"a": "x" * MIB}))


def long_scope() -> bytes:
    return request(span(scope="x" * MIB))


def many_entities() -> bytes:
    message = ExportTraceServiceRequest()
    message.ParseFromString(request(span()))
    for _ in range(600_000):
        message.resource_spans[0].resource.entity_refs.add()
    return message.SerializeToString()


@pytest.fixture(params=DECODERS)
def decoder(request: pytest.FixtureRequest) -> Decoder:
    return DECODERS[request.param]


@pytest.mark.parametrize(
    ("build", "said"),  # built by the test: every process of tests reads this list
    [
        (long_text, "a span of more than 8 MiB"),
        (long_event, "a span of more than 8 MiB"),
        (long_resource, "a resource or scope of more than 1 MiB"),
        (long_scope, "a resource or scope of more than 1 MiB"),
        (many_entities, "a resource or scope of more than 1 MiB"),
    ],
)
def test_what_is_too_long_is_refused_in_a_sentence(
    build: Callable[[], bytes], said: str, decoder: Decoder
) -> None:
    payload = build()
    with pytest.raises(UndecodableRequest, match=said):
        decode_request(decoder, payload)


def test_what_is_long_and_not_too_long_is_taken(decoder: Decoder) -> None:
    long = span(attributes={"a": "x" * (8 * MIB - 200)}, resource={"b": "y" * (MIB - 200)})
    assert decode_request(decoder, request(long)).spans == 1
