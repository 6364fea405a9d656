"""Formats are told apart by content."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.formats.errors import UnreadableContent
from collector.formats.otlp_frames import REQUEST_LIMIT
from collector.formats.reading import read_requests
from tests.builders import request, span
from tests.unit.formats.files import read_messages, read_spans

RECORDINGS = Path(__file__).parents[3] / "sample_data" / "recordings"
REQUESTS = [request(span("first")), request(span("second"), span("third", id=2))]
OTLP_SPAN = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "first"}
OTLP = {"resourceSpans": [{"scopeSpans": [{"spans": [OTLP_SPAN]}]}]}
JAEGER_TRACE = {
    "traceID": "1",
    "spans": [{"traceID": "1", "spanID": "1", "operationName": "first"}],
}
ZIPKIN = [{"traceId": "1", "id": "1", "name": "first"}]


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def behind_big_endian(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def behind_varint(payload: bytes) -> bytes:
    return varint(len(payload)) + payload


FRAMINGS = pytest.mark.parametrize("frame", [behind_big_endian, behind_varint])
Frame = Callable[[bytes], bytes]


def names(content: bytes) -> list[str]:
    return [span.name for _, _, span in read_spans(content)]


@FRAMINGS
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_requests_behind_their_lengths(frame: Frame, compress: Frame) -> None:
    content = compress(b"".join(map(frame, REQUESTS)))

    assert [message.SerializeToString() for message in read_messages(content)] == REQUESTS


@FRAMINGS
def test_empty_requests_between_others_are_passed_over(frame: Frame) -> None:
    content = b"".join(map(frame, [b"", REQUESTS[0], b"", REQUESTS[1], b""]))

    assert names(content) == ["first", "second", "third"]


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_one_request_alone(compress: Frame) -> None:
    assert names(compress(REQUESTS[1])) == ["second", "third"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.sampled_from(["one", "be", "var"]))
def test_requests_of_any_length_are_told_apart(lengths: list[int], how: str) -> None:
    requests = [request(span("n" * length, service=None)) for length in lengths]
    frames: dict[str, Frame] = {"one": bytes, "be": behind_big_endian, "var": behind_varint}

    if how == "one":
        requests = [b"".join(requests)]  # protobuf: messages one after the other are merged

    assert names(b"".join(map(frames[how], requests))) == ["n" * length for length in lengths]


@pytest.mark.parametrize(
    "document", [OTLP, {"data": [JAEGER_TRACE]}, JAEGER_TRACE, ZIPKIN], ids=str
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n \r\n"])
def test_json_documents(document: object, indent: int | None, before: bytes) -> None:
    assert names(before + json.dumps(document, indent=indent).encode()) == ["first"]


def test_json_lines_with_empty_ones_between() -> None:
    line = json.dumps(OTLP).encode()

    assert names(line + b"\n\n" + line + b"\r\n" + line) == ["first"] * 3


@pytest.mark.parametrize("recording", ["manual_sqs_s1", "pipeline_healthy", "py_confluent_k1"])
def test_recordings_are_read(recording: str) -> None:
    content = (RECORDINGS / recording / "spans.otlp.pb").read_bytes()

    read = b"".join(behind_big_endian(r.payload) for r in read_requests(io.BytesIO(content)))

    assert read == content


def test_a_string_that_is_not_utf_8_is_repaired() -> None:
    broken = request(span("caf@")).replace(b"caf@", b"caf\xe9")

    assert names(behind_big_endian(broken)) == ["caf\ufffd"]


def test_a_pipe_that_gives_a_byte_at_a_time_is_read() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, 1))

    content = gzip.compress(b"".join(map(behind_big_endian, REQUESTS)))

    assert sum(request.spans for request in read_requests(Slow(content))) == 3


UNREADABLE = {
    "empty": (b"", "byte 0: there is nothing in it"),
    "empty gzip": (gzip.compress(b""), "byte 0: there is nothing in it"),
    "text": (b"hello, world\n", "byte 0: not OTLP protobuf"),
    "garbage": (bytes(range(255, 0, -1)) * 9, "byte 0: not OTLP protobuf"),
    "zeros": (b"\x00" * 100, "byte 0: not OTLP protobuf"),
    "huge length": (b"\xff\xff\xff\xff" + REQUESTS[0], "byte 0: not OTLP protobuf"),
    "huge length later": (
        behind_big_endian(REQUESTS[0]) + b"\x7f\xff\xff\xff\x0a",
        f"byte {len(REQUESTS[0]) + 4}: a request of 2,147,483,647 bytes, more than",
    ),
    "endless varint later": (
        behind_varint(REQUESTS[0]) + b"\xff" * 20,
        f"byte {len(behind_varint(REQUESTS[0]))}: the length of a request is cut off or broken",
    ),
    "cut in a length": (
        behind_big_endian(REQUESTS[0]) + b"\x00\x00",
        f"byte {len(REQUESTS[0]) + 4}: the length of a request is cut off or broken",
    ),
    "cut in the first request": (
        behind_big_endian(REQUESTS[0])[:-5],
        f"byte 0: a request of {len(REQUESTS[0])} bytes is cut off after {len(REQUESTS[0]) - 5}",
    ),
    "cut alone": (REQUESTS[0][:-5], "byte 0: not an ExportTraceServiceRequest"),
    "damaged later": (
        behind_big_endian(REQUESTS[0]) + behind_big_endian(b"\x0a\xff\xff\xff\xff"),
        f"byte {len(REQUESTS[0]) + 4}: not an ExportTraceServiceRequest",
    ),
    "cut gzip": (gzip.compress(REQUESTS[0])[:-9], "byte 0 after gzip: "),
    "damaged gzip": (b"\x1f\x8b\x08\x00" + b"\xff" * 40, "byte 0 after gzip: "),
    "not gzip after all": (b"\x1f\x8b", "byte 0 after gzip: "),
    "cut json": (json.dumps(OTLP).encode()[:-20], "line 1 column "),
    "second line broken": (json.dumps(OTLP).encode() + b"\n{]", "line 2 column 2: no JSON"),
    "long document broken": (b'{\n"data":\n[},', "line 3 column 2: no JSON"),
    "deep json": (b"[" * 100_000, "no JSON (Expecting value)"),
    "many digits": (b"[" + b"9" * 10_000 + b"]", "byte 0: a number has too many digits"),
    "latin-1 json": (b'{"data": "caf\xe9"}', "no JSON (not UTF-8)"),
    "other json": (b'{"hello": 1}', "line 1: JSON, but not OTLP"),
    "metrics": (b'{"resourceMetrics": []}', "line 1: JSON, but not OTLP"),
    "scalars": (b"[1, 2]", "line 1: the document is not a list of objects"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_content_says_where_and_what(case: str) -> None:
    content, told = UNREADABLE[case]

    with pytest.raises(UnreadableContent) as error:
        list(read_requests(io.BytesIO(content)))

    assert told in str(error.value)
    assert not str(error.value).endswith(".")


@settings(deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x0a", b"{", b"[", b"\x00\x00\x00\x20\x0a"])
)
def test_no_content_makes_it_fail_otherwise(content: bytes, start: bytes) -> None:
    try:
        found = list(read_requests(io.BytesIO(start + content)))
    except UnreadableContent:
        return
    assert all(request.spans for request in found)


def test_a_length_that_lies_reserves_no_memory() -> None:
    asked: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size or 0)
            return super().read(size)

    lying = REQUEST_LIMIT.to_bytes(4, "big") + REQUESTS[0]
    with pytest.raises(UnreadableContent, match="is cut off after"):
        list(read_requests(Watched(lying)))

    assert max(asked) <= 2**20
