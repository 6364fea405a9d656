"""OTLP protobuf in files: one request, or requests each behind its length."""

import struct
from collections.abc import Callable, Iterator

from collector.decoded import UndecodableRequest
from collector.formats.errors import UnreadableContent
from collector.formats.packing import Request, pack_request
from collector.formats.source import Source
from collector.python_decoder import parse_request

# No receiver takes more (OTLP specification 1.11.0). A single request cannot be taken
# for one behind a big-endian length, because its first byte 0x0a would be a larger one.
REQUEST_LIMIT = 64 * 1024 * 1024
_BIG_ENDIAN = struct.Struct(">I")
_RESOURCE_SPANS = 0x0A  # field 1 of a request, length-delimited
_IN_RESOURCE_SPANS = b"\x0a\x12\x1a"

# Of the next request's length and the size of its prefix; None when there is none.
Prefix = Callable[[bytes], tuple[int, int] | None]


def read_big_endian(prefix: bytes) -> tuple[int, int] | None:
    if len(prefix) < _BIG_ENDIAN.size:
        return None
    return _BIG_ENDIAN.unpack_from(prefix)[0], _BIG_ENDIAN.size


def read_varint(prefix: bytes) -> tuple[int, int] | None:
    value = 0
    for position, byte in enumerate(prefix[:5]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return value, position + 1
    return None


def find_framing(head: bytes) -> Callable[[Source], Iterator[Request]] | None:
    """How to read a file that begins like this; None when it is no OTLP protobuf."""
    framings: tuple[tuple[Prefix, Callable[[Source], Iterator[Request]]], ...] = (
        (read_big_endian, lambda source: read_framed(source, read_big_endian)),
        (read_varint, lambda source: read_framed(source, read_varint)),
    )
    for prefix, reader in framings:
        if _begins_with_whole_request(head, prefix):
            return reader
    if _begins_single_request(head):
        return read_single
    for prefix, reader in framings:
        if _begins_with_request(head, prefix):
            return reader
    return None


def _first_request(head: bytes, prefix: Prefix) -> tuple[int, bytes] | None:
    """Length of the first request that is not empty, and what the head has of it."""
    while found := prefix(head):
        length, size = found
        if length > REQUEST_LIMIT:
            return None
        head = head[size:]
        if length:
            return length, head[:length]
    return None


def _begins_with_whole_request(head: bytes, prefix: Prefix) -> bool:
    first = _first_request(head, prefix)
    return first is not None and len(first[1]) == first[0] and _is_request(first[1])


def _begins_with_request(head: bytes, prefix: Prefix) -> bool:
    first = _first_request(head, prefix)
    return first is not None and len(first[1]) < first[0] and _begins_single_request(first[1])


def _begins_single_request(head: bytes) -> bool:
    """Whether the tag of ResourceSpans, a length, and a tag inside it stand there."""
    length = read_varint(head[1:])
    if head[:1] != bytes([_RESOURCE_SPANS]) or length is None:
        return False
    inside = head[1 + length[1] :][:1]
    return length[0] == 0 or (inside != b"" and inside in _IN_RESOURCE_SPANS)


def _is_request(payload: bytes) -> bool:
    if payload[0] != _RESOURCE_SPANS:
        return False
    try:
        parse_request(payload)
    except UndecodableRequest:
        return False
    return True


def read_single(source: Source) -> Iterator[Request]:
    start, payload = source.position, source.read(REQUEST_LIMIT + 1)
    if len(payload) > REQUEST_LIMIT:
        raise UnreadableContent(
            f"byte {start}", f"one request of more than {REQUEST_LIMIT:,} bytes"
        )
    yield from _decode(payload, start)


def read_framed(source: Source, prefix: Prefix) -> Iterator[Request]:
    while head := source.peek(5):
        start, found = source.position, prefix(head)
        if found is None:
            raise UnreadableContent(f"byte {start}", "the length of a request is cut off or broken")
        length, size = found
        if length > REQUEST_LIMIT:
            raise UnreadableContent(
                f"byte {start}", f"a request of {length:,} bytes, more than {REQUEST_LIMIT:,}"
            )
        source.read(size)
        payload = source.read(length)
        if len(payload) < length:
            raise UnreadableContent(
                f"byte {start}", f"a request of {length:,} bytes is cut off after {len(payload):,}"
            )
        yield from _decode(payload, start)


def _decode(payload: bytes, start: int) -> Iterator[Request]:
    try:
        message = parse_request(payload)
    except UndecodableRequest as error:
        raise UnreadableContent(f"byte {start}", str(error)) from error
    yield from pack_request(message)
