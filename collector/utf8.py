"""Repair of OTLP requests that protobuf refuses as a whole for one bad value.

One string with invalid UTF-8, or one value nested beyond protobuf's limit, costs the
whole request; Go receivers accept and sanitise. The request's wire format is walked along
its descriptors (protobuf encoding, "Message Structure"): every bad sequence in a string
field becomes U+FFFD, and values are emptied where `any_value` would cut them off anyway.

The walk copies each byte once, however deep it stands.
"""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.any_value import DEEPEST

_VARINT, _FIXED64, _LENGTH, _GROUP, _FIXED32 = 0, 1, 2, 3, 5
_LONGEST_TAG = _LONGEST_SIZE = 5  # bytes
_LARGEST_TAG, _LARGEST_SIZE = 2**32 - 1, 2**31 - 1
_DEEPEST_GROUP = 100
# Attributes stand at most six messages deep (of links and events) and each level of a
# value adds at most three (AnyValue, KeyValueList, KeyValue). protobuf allows 100.
DEEPEST_MESSAGE = 6 + 3 * DEEPEST
# Walking costs about a microsecond a field and holds the interpreter: more fields than the
# largest batches of real exporters have are not worth a repair.
_MOST_FIELDS = 2_000_000
_MOST_UNKNOWN = 1_000


class MalformedWire(ValueError):
    """The bytes are no protobuf message."""


def repair_request(message: bytes, descriptor: Descriptor) -> bytes:
    """The message with valid strings and values of bounded depth. Raises MalformedWire."""
    walk = _Walk(message)
    walk.repair(0, len(message), descriptor, 0)
    return b"".join(walk.out)


class _Walk:
    """One walk over a message: writes to `out`, counts what it passes."""

    def __init__(self, message: bytes) -> None:
        self.out: list[bytes] = []
        self._message = message
        self._fields_left, self._unknown_left = _MOST_FIELDS, _MOST_UNKNOWN

    def repair(self, at: int, end: int, descriptor: Descriptor, depth: int) -> int:
        """Writes the message that stands from `at` to `end`; returns the bytes written."""
        written = 0
        fields: Any = descriptor.fields_by_number
        while at < end:
            start = at
            tag, at = self._tag(at, end)
            field = fields.get(tag >> 3)
            self._count(known=field is not None)
            if tag & 7 == _LENGTH:
                size, at = self._size(at, end)
                written += self._write(_encode_varint(tag))
                written += self._repair_field(at, at + size, field, depth)
                at += size
                continue
            at = self._pass(at, end, tag, depth)
            if tag & 7 != _GROUP:  # groups are unknown fields: nobody reads them
                written += self._write(self._message[start:at])
        return written

    def _pass(self, at: int, end: int, tag: int, depth: int) -> int:
        """Where the field ends whose value begins at `at`."""
        wire = tag & 7
        if wire == _VARINT:
            return _varint(self._message, at, end)[1]
        if wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        elif wire == _LENGTH:
            size, at = self._size(at, end)
            at += size
        elif wire == _GROUP and depth < _DEEPEST_GROUP:
            while True:
                inner, at = self._tag(at, end)
                self._count(known=False)
                if inner == tag + 1:  # the end of this group
                    return at
                at = self._pass(at, end, inner, depth + 1)
        else:
            raise MalformedWire(f"wire type {wire} is not used by OTLP")
        if at > end:
            raise MalformedWire("the message ends inside a field")
        return at

    def _tag(self, at: int, end: int) -> tuple[int, int]:
        tag, at = _varint(self._message, at, end, _LONGEST_TAG)
        if not 8 <= tag <= _LARGEST_TAG:
            raise MalformedWire("its fields are not those of OTLP")
        return tag, at

    def _size(self, at: int, end: int) -> tuple[int, int]:
        size, at = _varint(self._message, at, end, _LONGEST_SIZE)
        if size > min(end - at, _LARGEST_SIZE):
            raise MalformedWire("a field is longer than the message")
        return size, at

    def _count(self, *, known: bool) -> None:
        self._fields_left -= 1
        self._unknown_left -= not known
        if self._unknown_left < 0:
            raise MalformedWire("its fields are not those of OTLP")
        if self._fields_left < 0:
            raise MalformedWire("it needs a repair and is too large for one")

    def _repair_field(self, start: int, end: int, field: Any, depth: int) -> int:
        """Writes the length and what stands from `start` to `end`; returns the bytes written."""
        length = len(self.out)
        self.out.append(b"")  # known when what it measures is written
        if field is not None and field.type == FieldDescriptor.TYPE_MESSAGE:
            # Only values nest without end, so that everything else is below the limit.
            too_deep = depth >= DEEPEST_MESSAGE and field.message_type is AnyValue.DESCRIPTOR
            size = 0 if too_deep else self.repair(start, end, field.message_type, depth + 1)
        elif field is not None and field.type == FieldDescriptor.TYPE_STRING:
            text = self._message[start:end].decode("utf-8", "replace")
            size = self._write(text.encode("utf-8"))
        else:
            size = self._write(self._message[start:end])
        self.out[length] = _encode_varint(size)
        return size + len(self.out[length])

    def _write(self, piece: bytes) -> int:
        self.out.append(piece)
        return len(piece)


def _varint(message: bytes, at: int, end: int, longest: int = 10) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= end or shift >= 7 * longest:
            raise MalformedWire("the message ends inside a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
