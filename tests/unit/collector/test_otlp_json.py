"""OTLP/JSON and protobuf, whatever the bytes: never a crash, never a fault of ours, and
what is decoded stays the same when it is encoded and decoded again."""

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.compression import ENCODINGS
from collector.decoded import decode_request
from collector.formats.json_text import parse_json
from collector.formats.otlp_json import MalformedJson, encode_otlp_json
from collector.http_receiver import http_app
from collector.python_decoder import PythonDecoder
from collector.responses import success
from tests.builders import link, request, span
from tests.packed import PACK
from tests.unit.collector.kept_requests import JSON, PROTOBUF

_HEX = {"traceId", "spanId", "parentSpanId"}
_DECODER = PythonDecoder()


def as_otlp_json(value: Any) -> Any:
    """protobuf's own JSON, with ids in hex."""
    if isinstance(value, list):
        return [as_otlp_json(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in _HEX else as_otlp_json(item)
            for key, item in value.items()
        }
    return value


def to_json(message: ExportTraceServiceRequest) -> str:
    return json.dumps(as_otlp_json(MessageToDict(message, use_integers_for_enums=True)))


FULL = request(
    span(
        attributes={"a": [1, {"b": b"x", "c": 0.5}], "text": "é😀", "no": False},
        links=[link(trace=9, id=8, attributes={"l": True})],
        events=[("queued", {"attempt": 2})],
        status="ERROR",
    ),
    span("child", id=2, parent=1, kind="PRODUCER"),
)
FULL_JSON = to_json(ExportTraceServiceRequest.FromString(FULL)).encode()

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "scopeSpans",
                    "spans",
                    "attributes",
                    "key",
                    "value",
                    "stringValue",
                    "intValue",
                    "doubleValue",
                    "boolValue",
                    "bytesValue",
                    "arrayValue",
                    "kvlistValue",
                    "values",
                    "traceId",
                    "spanId",
                    "kind",
                    "status",
                    "code",
                    "links",
                    "events",
                    "startTimeUnixNano",
                    "flags",
                    "name",
                    "scope",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
spans = documents.map(lambda value: {"resourceSpans": [{"scopeSpans": [{"spans": [value]}]}]})


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    body = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, len(body)))])


async def decode(payload: bytes) -> bytes:
    """The end of the real way of a request."""
    decoded = decode_request(_DECODER, payload)
    return success(decoded.rejected, decoded.reasons)


APP = http_app(decode)


def post(
    body: bytes, type_: str, encoding: str | None = None, path: str = "/v1/traces"
) -> httpx.Response:
    async def within() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://otlp") as client:
            headers = {"content-type": type_} | ({"content-encoding": encoding} if encoding else {})
            return await client.post(path, content=body, headers=headers)

    return asyncio.run(within())


@settings(max_examples=300)
@given(
    body=st.binary(max_size=200)
    | mutated(FULL)
    | mutated(FULL_JSON)
    | documents.map(lambda value: json.dumps(value).encode())
    | spans.map(lambda value: json.dumps(value).encode()),
    type_=st.sampled_from([PROTOBUF, JSON]),
    encoding=st.sampled_from([None, *ENCODINGS]),
    packed=st.booleans(),
    path=st.sampled_from(["/v1/traces", "/v1/metrics", "/v1/logs"]),
)
def test_any_bytes_are_taken_or_the_senders_fault(
    body: bytes, type_: str, encoding: str | None, packed: bool, path: str
) -> None:
    response = post(PACK[encoding](body) if encoding and packed else body, type_, encoding, path)

    assert response.status_code in (200, 400)
    assert response.headers["content-type"] == type_


@settings(max_examples=300)
@given(body=mutated(FULL_JSON) | spans.map(lambda value: json.dumps(value).encode()))
def test_decoding_and_encoding_again_changes_nothing(body: bytes) -> None:
    try:
        payload = encode_otlp_json(parse_json(body.decode("utf-8", "replace")))
    except (MalformedJson, ValueError):
        return
    message = ExportTraceServiceRequest.FromString(payload)

    again = encode_otlp_json(parse_json(to_json(message)))

    assert ExportTraceServiceRequest.FromString(again).SerializeToString(
        deterministic=True
    ) == message.SerializeToString(deterministic=True)


@pytest.mark.parametrize("encoding", [None, *ENCODINGS])
def test_json_and_protobuf_are_stored_as_the_same_rows(encoding: str | None) -> None:
    kept: list[bytes] = []

    async def keep(payload: bytes) -> bytes:
        kept.append(payload)
        return b""

    async def within() -> None:
        transport = httpx.ASGITransport(http_app(keep))
        async with httpx.AsyncClient(transport=transport, base_url="http://otlp") as client:
            for type_, body in ((PROTOBUF, FULL), (JSON, FULL_JSON)):
                headers = {"content-type": type_, "content-encoding": encoding or "identity"}
                packed = PACK[encoding](body) if encoding else body
                response = await client.post("/v1/traces", content=packed, headers=headers)
                assert response.status_code == 200

    asyncio.run(within())
    one, other = (decode_request(_DECODER, payload) for payload in kept)
    assert one.spans == other.spans == 2
    assert one.batch.spans.equals(other.batch.spans)
    assert one.batch.links.equals(other.batch.links)
    assert one.batch.events.equals(other.batch.events)


GOOD = {"traceId": "0a" * 16, "spanId": "0B" * 8, "startTimeUnixNano": 1, "endTimeUnixNano": "2"}


@pytest.mark.parametrize("bad", ["", "00" * 16, "0a" * 15, "0a" * 17])
@pytest.mark.parametrize("field", ["traceId", "spanId"])
def test_ids_of_another_length_cost_their_span_only(field: str, bad: str) -> None:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [GOOD, GOOD | {field: bad}]}]}]}

    told = post(json.dumps(document).encode(), JSON).json()["partialSuccess"]

    assert told["rejectedSpans"] == "1"
    assert {"traceId": "trace_id", "spanId": "span_id"}[field] in told["errorMessage"]
