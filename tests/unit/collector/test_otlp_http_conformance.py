"""What OTLP asks of an HTTP server, and what reference receivers are tested for: every
encoding of the same request, bodies that are not what their headers say, the size limit
from both sides."""

import gzip
import json
import zlib

import pytest
from google.rpc.error_details_pb2 import BadRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.compression import ENCODINGS
from collector.receiving import MAX_REQUEST_BYTES
from tests.builders import request, span
from tests.packed import PACK
from tests.unit.collector.kept_requests import (
    JSON,
    PROTOBUF,
    KeptRequests,
    Post,
    run_posts,
    status_of,
)

each_type = pytest.mark.parametrize("type_", [PROTOBUF, JSON])
each_encoding = pytest.mark.parametrize("encoding", ENCODINGS)

SPAN = span("order.process", trace=0xABC, id=7, kind="CONSUMER", attributes={"order.id": 5})
SPAN_IN_JSON = {
    "traceId": f"{0xABC:032X}",
    "spanId": f"{7:016x}",
    "name": "order.process",
    "kind": 5,
    "startTimeUnixNano": "1700000000000000000",
    "endTimeUnixNano": 1700000000000000100,
    "attributes": [{"key": "order.id", "value": {"intValue": "5"}}],
    "status": {},
    "notOfOtlp": {"attributes": [{}]},
}


def document(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


BODIES = {PROTOBUF: request(SPAN), JSON: document(SPAN_IN_JSON)}


@pytest.mark.parametrize(
    "type_", [PROTOBUF, JSON, "application/json; charset=utf-8", "APPLICATION/JSON"]
)
@pytest.mark.parametrize("encoding", [None, *ENCODINGS])
def test_a_request_says_the_same_in_every_encoding(encoding: str | None, type_: str) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        media_type = type_.partition(";")[0].lower()
        body = BODIES[media_type]
        response = await post(PACK[encoding](body) if encoding else body, type_, encoding)
        assert response.status_code == 200
        assert response.headers["content-type"] == media_type
        assert response.content == (b"{}" if media_type == JSON else b"")
        (payload,) = kept.payloads
        message = ExportTraceServiceRequest.FromString(payload)
        (arrived,) = message.resource_spans[0].scope_spans[0].spans
        assert arrived.trace_id == (0xABC).to_bytes(16, "big")
        assert arrived.span_id == (7).to_bytes(8, "big")
        assert (arrived.name, arrived.kind) == ("order.process", 5)
        assert arrived.attributes[0].value.int_value == 5

    run_posts(scenario)


@each_type
@each_encoding
@pytest.mark.parametrize("flaw", ["empty", "plain", "cut", "trailing", "damaged"])
def test_a_body_not_of_its_encoding_is_a_bad_request(flaw: str, encoding: str, type_: str) -> None:
    packed = PACK[encoding](BODIES[type_])
    body = {
        "empty": b"",
        "plain": BODIES[type_],
        "cut": packed[:-1],
        "trailing": packed + b"more",
        "damaged": packed[:5] + b"\xff" * 40,
    }[flaw]

    async def scenario(kept: KeptRequests, post: Post) -> None:
        response = await post(body, type_, encoding)
        status = status_of(response, 400, type_)
        assert encoding in status.message
        told = BadRequest()
        assert status.details[0].Unpack(told)
        assert told.field_violations[0].description == status.message
        assert "retry-after" not in response.headers
        assert kept.payloads == []

    run_posts(scenario)


def test_an_empty_protobuf_request_succeeds_and_an_empty_json_body_is_none() -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        assert (await post(b"")).status_code == 200
        assert (await post(b"{}", JSON)).status_code == 200
        for body in (b"", b" ", b"\xef\xbb\xbf"):
            assert "no JSON" in status_of(await post(body, JSON), 400, JSON).message

    run_posts(scenario)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[]", "the request is not an object."),
        (b"null", "the request is not an object."),
        (b"{", "the body is no JSON"),
        (b'{"resourceSpans": 1}', "resourceSpans is not a list."),
        (b"\x0a\x00", "the body is no JSON"),
        (b"[" + b"9" * 5_000 + b"]", "the body has a number with too many digits."),
        (b'"' + b"\xff" * 10 + b'"', "the request is not an object."),
    ],
)
def test_json_that_is_no_request_is_a_bad_request(body: bytes, told: str) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        assert told in status_of(await post(body, JSON), 400, JSON).message
        assert kept.payloads == []

    run_posts(scenario)


def test_the_bad_field_is_named() -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        body = document(SPAN_IN_JSON, SPAN_IN_JSON | {"spanId": "AAAAAAAAAAc="})
        status = status_of(await post(body, JSON), 400, JSON)
        told = BadRequest()
        assert status.details[0].Unpack(told)
        path = "resourceSpans[0].scopeSpans[0].spans[1].spanId"
        assert told.field_violations[0].field == path
        assert status.message == f"{path} is not hex text."

    run_posts(scenario)


def test_text_that_is_not_utf_8_is_repaired_as_in_protobuf() -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        body = document({"name": "caf@"}).replace(b"caf@", b"caf\xe9")
        assert (await post(body, JSON)).status_code == 200
        assert "caf\ufffd".encode() in kept.payloads[0]

    run_posts(scenario)


def sized(size: int, type_: str) -> bytes:
    """A request of so many bytes: one unknown field."""
    if type_ == JSON:
        return b'{"x": "%s"}' % bytes(size - 9).replace(b"\0", b"x")
    content = size - 6
    length = bytes((content >> 7 * step) & 0x7F | (0x80 if step < 3 else 0) for step in range(4))
    return b"\xfa\x01" + length + bytes(content)


@each_type
@pytest.mark.parametrize("encoding", [None, "gzip", "zstd"])
def test_64_mib_after_decompression_pass_and_one_byte_more_does_not(
    encoding: str | None, type_: str
) -> None:
    def pack(body: bytes) -> bytes:
        if encoding == "gzip":
            return gzip.compress(body, 1)
        return PACK[encoding](body) if encoding else body

    async def scenario(kept: KeptRequests, post: Post) -> None:
        exact = sized(MAX_REQUEST_BYTES, type_)
        assert len(exact) == 64 << 20
        assert (await post(pack(exact), type_, encoding)).status_code == 200
        response = await post(pack(sized(MAX_REQUEST_BYTES + 1, type_)), type_, encoding)
        assert "67,108,864 bytes" in status_of(response, 413, type_).message
        assert "retry-after" not in response.headers
        assert len(kept.payloads) == 1

    run_posts(scenario)


def test_json_of_too_many_values_is_too_large() -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        body = b'{"x": [' + b"{}," * 1_000_000 + b"{}]}"
        response = await post(zlib.compress(body, 1), JSON, "deflate")
        assert "2,000,000 commas and opening brackets" in status_of(response, 413, JSON).message
        assert kept.payloads == []

    run_posts(scenario)


def test_a_value_nested_too_deeply_costs_only_itself() -> None:
    levels = 100_000
    value = '{"arrayValue": {"values": [' * levels + "{}" + "]}}" * levels
    spans = '{"name": "deep", "attributes": [{"key": "k", "value": %s}]}, {"name": "beside"}'

    async def scenario(kept: KeptRequests, post: Post) -> None:
        body = '{"resourceSpans": [{"scopeSpans": [{"spans": [%s]}]}]}' % (spans % value)
        assert (await post(body.encode(), JSON)).status_code == 200
        message = ExportTraceServiceRequest.FromString(kept.payloads[0])
        names = [each.name for each in message.resource_spans[0].scope_spans[0].spans]
        assert names == ["deep", "beside"]

    run_posts(scenario)
