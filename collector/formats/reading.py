"""Recorded spans in any of the formats we know, told apart by content.

gzip or not → JSON: OTLP, Jaeger, Zipkin, in lines or one document
            → OTLP protobuf: one request, or requests each behind its length
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from collector.formats.errors import UnreadableContent
from collector.formats.jaeger_json import read_jaeger
from collector.formats.json_text import parse_json
from collector.formats.otlp_frames import find_framing
from collector.formats.otlp_json import MalformedJson, parse_otlp_json
from collector.formats.packing import Request, pack_request, pack_spans
from collector.formats.source import Readable, Source
from collector.formats.zipkin_json import read_zipkin

DOCUMENT_LIMIT = 512 * 1024 * 1024
_HEAD = 64 * 1024
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# JSON has no control characters but white space; every span in protobuf has some.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_KNOWN = "OTLP protobuf, OTLP JSON, Jaeger JSON or Zipkin v2 JSON"


def read_requests(stream: Readable) -> Iterator[Request]:
    """Requests with spans, in the order of the file. Raises UnreadableContent."""
    source = Source(stream)
    if source.peek(2) == _GZIP:
        source = Source(gzip.GzipFile(fileobj=source))  # type: ignore[call-overload]  # it only reads
    try:
        yield from (request for request in _read(source) if request.spans)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableContent(f"byte {source.position} after gzip", str(error)) from error


def _read(source: Source) -> Iterator[Request]:
    if source.peek(3) == _BYTE_ORDER_MARK:
        source.read(3)
    head = source.peek(_HEAD)
    if not head:
        raise UnreadableContent("byte 0", "there is nothing in it")
    if _is_json(head):
        yield from _read_json(source)
        return
    framing = find_framing(head)
    if framing is None:
        raise UnreadableContent("byte 0", f"not {_KNOWN}")
    yield from framing(source)


def _is_json(head: bytes) -> bool:
    start = head.lstrip(b" \t\r\n")[:256]
    return start[:1] in (b"{", b"[") and _CONTROL.search(start) is None


def _read_json(source: Source) -> Iterator[Request]:
    """One document, or an object on each line."""
    number, line = 1, source.read_line(DOCUMENT_LIMIT)
    while line and not line.strip():
        number, line = number + 1, source.read_line(DOCUMENT_LIMIT)
    try:
        value = _parse(line, f"line {number}")
    except UnreadableContent:  # it goes on
        document = b"\n" * (number - 1) + line + source.read(DOCUMENT_LIMIT)
        yield from _convert(_parse(document, ""), "the document")
        return
    while True:
        yield from _convert(value, f"line {number}")
        number, line = number + 1, source.read_line(DOCUMENT_LIMIT)
        while line and not line.strip():
            number, line = number + 1, source.read_line(DOCUMENT_LIMIT)
        if not line:
            return
        value = _parse(line, f"line {number}")


def _parse(document: bytes, position: str) -> Any:
    """`position` is where the document stands when it is a line."""
    if len(document) >= DOCUMENT_LIMIT:
        raise UnreadableContent(position or "byte 0", f"more than {DOCUMENT_LIMIT:,} bytes of JSON")
    try:
        return parse_json(document.decode(json.detect_encoding(document), "surrogatepass"))
    except json.JSONDecodeError as error:
        where = position or f"line {error.lineno}"
        raise UnreadableContent(
            f"{where} column {error.colno}", f"no JSON ({error.msg})"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableContent(position or f"byte {error.start}", "no JSON (not UTF-8)") from error
    except ValueError as error:  # Python's limit
        raise UnreadableContent(position or "byte 0", "a number has too many digits") from error


def _convert(value: Any, position: str) -> Iterator[Request]:
    try:
        yield from _recognise(value)
    except MalformedJson as error:
        raise UnreadableContent(position, str(error)) from error


def _recognise(value: Any) -> Iterator[Request]:
    """Raises MalformedJson."""
    if isinstance(value, list):
        return pack_spans(read_zipkin(value))
    if isinstance(value, dict):
        if value.keys() & {"resourceSpans", "resource_spans"} or not value:
            return pack_request(parse_otlp_json(value))
        if "data" in value:
            return pack_spans(read_jaeger(value))
        if {"traceID", "spans"} <= value.keys():  # one trace of it
            return pack_spans(read_jaeger({"data": [value]}))
    raise MalformedJson(f"JSON, but not {_KNOWN}")
