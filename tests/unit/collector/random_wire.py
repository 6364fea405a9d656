"""Random requests on the level of the wire format: fields in any order and any number,
fields of other types than theirs, unknown fields, groups, and texts that are no UTF-8."""

import math
import struct
from collections.abc import Callable
from random import Random

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from storage.schema import load_attributes

_VARINT, _FIXED64, _LENGTH, _START, _END, _FIXED32 = range(6)
_WIRE = {
    FieldDescriptor.TYPE_DOUBLE: _FIXED64,
    FieldDescriptor.TYPE_FIXED64: _FIXED64,
    FieldDescriptor.TYPE_FIXED32: _FIXED32,
    FieldDescriptor.TYPE_STRING: _LENGTH,
    FieldDescriptor.TYPE_BYTES: _LENGTH,
    FieldDescriptor.TYPE_MESSAGE: _LENGTH,
}
_TOLD = load_attributes()
_NAMES = sorted(
    {name for column in _TOLD["columns"].values() for name in column["names"]}
    | {name for names in _TOLD["correlation"].values() for name in names}
    | {name for names in _TOLD["resource"].values() for name in names}
)
_TEXTS = [
    b"",
    b" ",
    b"true",
    b"FALSE",
    b"7",
    b"-0012",
    b"+9223372036854775807",
    b"9223372036854775808",
    b"12345678901234567890",
    b"process receive",
    b'quote " slash \\ line \n tab \t nul \0 unit \x1f del \x7f',
    "Grüße, 世界 🛰 \u2028\u2003".encode(),
    "\u2003\x1c ".encode(),
    b"half \xe2\x82 of one, \xff\xfe, lone surrogate \xed\xa0\x80, overlong \xc0\xaf",
    b"x" * 513,
    "é".encode() * 512,
]
_NUMBERS = [0, 1, 2, 3, 4, 5, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63]
_DOUBLES = [0.0, -0.0, 1.0, 1e15, 1e16, 1e-4, 1e-5, 5e-324, 0.1, math.inf, -math.inf, math.nan]


def make_request(random: Random) -> bytes:
    return _Maker(random).message(ExportTraceServiceRequest.DESCRIPTOR, 0)


def varint(value: int, padding: int = 0) -> bytes:
    """Padded with bytes that add nothing to the value."""
    out = bytearray()
    while value > 0x7F or padding:
        padding -= value <= 0x7F
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | _LENGTH) + varint(len(content)) + content


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._odd = random.random() < 0.7  # the others are as exporters send them
        self._messages_left = random.choice([20, 200, 1000])

    def message(self, descriptor: Descriptor, depth: int) -> bytes:
        random = self._random
        fields = list(descriptor.fields)
        if not self._odd:
            chosen = [f for f in fields if f.is_repeated or random.random() < 0.8]
            if descriptor.oneofs:
                chosen = random.sample(fields, 1)
        else:
            chosen = random.choices(fields, k=random.choice([0, 1, 1, 2, 3, 8]))
            if descriptor.name == "Span":
                chosen = [*fields, *chosen]
            if descriptor.name in ("KeyValue", "ResourceSpans", "ScopeSpans"):
                chosen += [f for f in fields if random.random() < 0.8]
            random.shuffle(chosen)
        parts = []
        for chosen_field in chosen:
            repeats = random.choice([1, 1, 2, 5]) if chosen_field.is_repeated else 1
            parts += [self._field(chosen_field, depth) for _ in range(repeats)]
            if self._odd and random.random() < 0.03:
                parts.append(self._unknown(chosen_field.number, depth))
        return b"".join(parts)

    def _field(self, described: FieldDescriptor, depth: int) -> bytes:
        wire = _WIRE.get(described.type, _VARINT)
        content: bytes
        if described.type == FieldDescriptor.TYPE_MESSAGE:
            self._messages_left -= 1
            if self._messages_left < 0 or (depth > 6 and self._random.random() < 0.7):
                content = b""
            else:
                assert described.message_type is not None
                content = self.message(described.message_type, depth + 1)
        elif wire == _LENGTH:
            content = self._bytes(described)
        elif described.type == FieldDescriptor.TYPE_DOUBLE:
            content = struct.pack("<d", self._double())
        elif described.name.endswith("unix_nano"):
            content = struct.pack("<Q", self._time())
        elif wire in (_FIXED64, _FIXED32):
            content = self._random.randbytes(8 if wire == _FIXED64 else 4)
        else:
            return varint(described.number << 3) + self._varint()
        if wire == _LENGTH:
            return field(described.number, content)
        return varint(described.number << 3 | wire) + content

    def _bytes(self, described: FieldDescriptor) -> bytes:
        random = self._random
        length = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}.get(described.name)
        if length is not None:
            length = random.choice([0, 3, 32]) if random.random() < 0.05 else length
            usual = [random.randbytes(length)] * 20
            return random.choice([bytes(length), b"\1" * length, *usual])
        if described.name == "key" and random.random() < 0.7:
            name: str = random.choice(_NAMES)
            return name.encode()
        if random.random() < 0.5:
            return random.choice(_TEXTS)
        return random.choice([b"a", b"b", random.randbytes(random.randrange(40))])

    def _varint(self) -> bytes:
        random = self._random
        value = random.choice([*_NUMBERS, 2**64 - 1, random.getrandbits(64)])
        encoded = varint(value)
        return varint(value, random.randrange(10 - len(encoded) + 1)) if self._odd else encoded

    def _double(self) -> float:
        random = self._random
        whole: float = struct.unpack("<d", random.randbytes(8))[0]
        return random.choice([*_DOUBLES, whole, random.random(), float(random.randrange(10**6))])

    def _time(self) -> int:
        return self._random.choice([0, 1_760_000_000 * 10**9, 2**63 - 1, *[10**18] * 40, 2**63])

    def _unknown(self, number: int, depth: int) -> bytes:
        """A field that is not known, or a known one of another type."""
        random = self._random
        number = random.choice([number, 19, 2**29 - 1])
        makers: list[Callable[[], bytes]] = [
            lambda: varint(number << 3) + self._varint(),
            lambda: varint(number << 3 | _FIXED64) + bytes(8),
            lambda: varint(number << 3 | _FIXED32) + bytes(4),
            lambda: field(min(number + 20, 2**29 - 1), random.randbytes(5)),
            lambda: self._group(number, depth),
        ]
        return random.choice(makers)()

    def _group(self, number: int, depth: int) -> bytes:
        inner = self._unknown(number, depth + 1) if depth < 20 else b""
        return varint(number << 3 | _START) + inner + varint(number << 3 | _END)
