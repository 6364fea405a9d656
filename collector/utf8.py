"""Repair of invalid UTF-8 in an OTLP request.

protobuf refuses a whole request for one bad byte in one string; Go receivers accept and
sanitise. The request's wire format is walked along its descriptors and every bad sequence
in a string field is replaced by U+FFFD (protobuf encoding, "Message Structure").
"""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_DEEPEST = 90
# Walking costs about a microsecond a field and holds the interpreter: more fields than the
# largest batches of real exporters have are not worth a repair.
_MOST_FIELDS = 2_000_000
_MOST_UNKNOWN = 1_000


class MalformedWire(ValueError):
    """The bytes are no protobuf message."""


def repair_utf8(message: bytes, descriptor: Descriptor) -> bytes:
    """The message with valid strings. Raises MalformedWire."""
    return _Walk().repair(message, descriptor, 0)


class _Walk:
    """One walk over a message; counts what it passes."""

    def __init__(self) -> None:
        self._fields_left, self._unknown_left = _MOST_FIELDS, _MOST_UNKNOWN

    def repair(self, message: bytes, descriptor: Descriptor, depth: int) -> bytes:
        if depth > _DEEPEST:
            raise MalformedWire("values are nested too deeply")
        out: list[bytes] = []
        at, end = 0, len(message)
        fields: Any = descriptor.fields_by_number
        while at < end:
            start = at
            tag, at = _varint(message, at)
            wire, field = tag & 7, fields.get(tag >> 3)
            self._count(tag >> 3, known=field is not None)
            if wire == _LENGTH:
                size, at = _varint(message, at)
                if size > end - at:
                    raise MalformedWire("a field is longer than the message")
                fixed = self._repair_field(message[at : at + size], field, depth)
                at += size
                out += (_encode_varint(tag), _encode_varint(len(fixed)), fixed)
                continue
            if wire == _VARINT:
                _, at = _varint(message, at)
            elif wire in (_FIXED64, _FIXED32):
                at += 8 if wire == _FIXED64 else 4
            else:
                raise MalformedWire(f"wire type {wire} is not used by OTLP")
            if at > end:
                raise MalformedWire("the message ends inside a field")
            out.append(message[start:at])
        return b"".join(out)

    def _count(self, number: int, *, known: bool) -> None:
        self._fields_left -= 1
        self._unknown_left -= not known
        if number == 0 or self._unknown_left < 0:
            raise MalformedWire("its fields are not those of OTLP")
        if self._fields_left < 0:
            raise MalformedWire("invalid UTF-8 in a request too large to repair")

    def _repair_field(self, body: bytes, field: Any, depth: int) -> bytes:
        if field is None:
            return body
        if field.type == FieldDescriptor.TYPE_STRING:
            return body.decode("utf-8", "replace").encode("utf-8")
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            return self.repair(body, field.message_type, depth + 1)
        return body


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
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
