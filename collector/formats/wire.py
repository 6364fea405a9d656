"""Protobuf wire format, written along the descriptors (protobuf encoding, "Message
Structure"): tags, and one checked encoder for each type of scalar in JSON.

An encoder takes a JSON value and gives what stands after the tag. It raises ValueError
with what the value is not.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

Encoder = Callable[[Any], bytes]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_DOUBLE = struct.Struct("<d")
_STANDARD = str.maketrans("-_", "+/")
_WHOLE = re.compile(r"-?[0-9]{1,20}")


def encode_varint(value: int) -> bytes:
    if value < 0x80:
        return value.to_bytes(1, "little")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_length(piece: bytes) -> bytes:
    return encode_varint(len(piece)) + piece


def encode_string(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not a string")
    return encode_length(value.encode("utf-8", "replace"))  # half surrogate pairs


def encode_hex(value: Any) -> bytes:
    """Ids are hex, of any case."""
    try:
        if isinstance(value, str):
            return encode_length(binascii.unhexlify(value))
    except ValueError:
        pass
    raise ValueError("not hex text")


def encode_base64(value: Any) -> bytes:
    """Either alphabet, padded or not (protobuf's JSON mapping)."""
    try:
        if isinstance(value, str):
            padded = value.rstrip("=").translate(_STANDARD) + "=" * (-len(value.rstrip("=")) % 4)
            return encode_length(base64.b64decode(padded, validate=True))
    except ValueError:
        pass
    raise ValueError("not base64 text")


def encode_bool(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x01" if value else b"\x00"
    raise ValueError("neither true nor false")


def encode_double(value: Any) -> bytes:
    """A number, or its text: "NaN", "Infinity", "-Infinity" and those of numbers."""
    try:
        if isinstance(value, str):
            return _DOUBLE.pack(float("no" if "_" in value else value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _DOUBLE.pack(value)
    except (ValueError, OverflowError, struct.error):
        pass
    raise ValueError("not a number")


def read_whole(value: Any, allowed: range) -> int:
    """64-bit numbers are strings in JSON; plain numbers are taken too."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise ValueError("not a whole number of its range")
    return value


def _varint_encoder(bits: int, *, signed: bool) -> Encoder:
    allowed = _range(bits, signed=signed)
    return lambda value: encode_varint(read_whole(value, allowed) & (2**64 - 1))


def _fixed_encoder(letter: str, *, signed: bool) -> Encoder:
    packer = struct.Struct("<" + letter)
    allowed = _range(8 * packer.size, signed=signed)
    return lambda value: packer.pack(read_whole(value, allowed))


def _range(bits: int, *, signed: bool) -> range:
    return range(-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else range(2**bits)


# Wire type and encoder, by the type of a field. Bytes, enums and messages depend on more.
SCALARS: dict[int, tuple[int, Encoder]] = {
    FieldDescriptor.TYPE_STRING: (LENGTH, encode_string),
    FieldDescriptor.TYPE_BOOL: (VARINT, encode_bool),
    FieldDescriptor.TYPE_DOUBLE: (FIXED64, encode_double),
    FieldDescriptor.TYPE_INT32: (VARINT, _varint_encoder(32, signed=True)),
    FieldDescriptor.TYPE_INT64: (VARINT, _varint_encoder(64, signed=True)),
    FieldDescriptor.TYPE_UINT32: (VARINT, _varint_encoder(32, signed=False)),
    FieldDescriptor.TYPE_UINT64: (VARINT, _varint_encoder(64, signed=False)),
    FieldDescriptor.TYPE_FIXED32: (FIXED32, _fixed_encoder("I", signed=False)),
    FieldDescriptor.TYPE_FIXED64: (FIXED64, _fixed_encoder("Q", signed=False)),
    FieldDescriptor.TYPE_SFIXED64: (FIXED64, _fixed_encoder("q", signed=True)),
}
_INT32 = _range(32, signed=True)


def encode_enum(numbers: dict[str, int], value: Any) -> bytes:
    """A number, or the name of one."""
    number = numbers.get(value) if isinstance(value, str) else None
    return encode_varint((read_whole(value, _INT32) if number is None else number) & (2**64 - 1))
