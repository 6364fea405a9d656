"""OTLP/JSON -> protobuf, by its own mapping (OTLP specification, "JSON Protobuf Encoding").

protobuf's json_format would read hex ids as base64, silently. Beyond the specification
snake_case keys and the names of enum values are taken, as the Collector does.

The wire format is written straight from the JSON, along the descriptors: a message object
with a call for each field costs several times as much.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.formats.wire import (
    LENGTH,
    SCALARS,
    VARINT,
    Encoder,
    encode_base64,
    encode_enum,
    encode_hex,
    encode_length,
    encode_varint,
)
from collector.utf8 import DEEPEST_MESSAGE

_HEX = {"trace_id", "span_id", "parent_span_id"}


class MalformedJson(ValueError):
    """The message says where in the object, and what is wrong."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(f"{path} {problem}".strip())
        self.problem, self.path = problem, path

    def within(self, place: str) -> "MalformedJson":
        """The same, seen from one level further out; `place` such as "spans" or "[3]"."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return MalformedJson(self.problem, place + dot + self.path)


def parse_otlp_json(value: Any) -> ExportTraceServiceRequest:
    """The request of a parsed JSON object. Raises MalformedJson."""
    return ExportTraceServiceRequest.FromString(encode_otlp_json(value))


def encode_otlp_json(
    value: Any, descriptor: Descriptor = ExportTraceServiceRequest.DESCRIPTOR
) -> bytes:
    """The same request encoded in protobuf. Raises MalformedJson.

    Values nested so deeply that protobuf would not read them are emptied, where decoders
    cut them off anyway.
    """
    try:
        return _encode_message(_fields_of(descriptor), value, 0)
    except MalformedJson as error:
        if error.path:
            raise
        raise MalformedJson(f"the request {error.problem}") from None


# Gives what stands after the tag, of a value in a message so many messages deep.
_Encode = Callable[[Any, int], bytes]


@dataclass(frozen=True, slots=True)
class _Field:
    tag: bytes
    repeated: bool
    encode: _Encode


@cache
def _fields_of(descriptor: Descriptor) -> dict[str, _Field]:
    """By both spellings of their names."""
    fields = {}
    for described in descriptor.fields:
        wire, encode = _encoder_of(described)
        tag = encode_varint(described.number << 3 | wire)
        field = _Field(tag, described.is_repeated, encode)
        fields[described.camelcase_name] = fields[described.name] = field
    return fields


def _encoder_of(field: FieldDescriptor) -> tuple[int, _Encode]:
    """Its wire type, too."""
    if field.message_type is not None:
        return LENGTH, _nested(field.message_type)
    if field.enum_type is not None:
        numbers = {value.name: value.number for value in field.enum_type.values}
        return VARINT, _checked(partial(encode_enum, numbers))
    if field.type == FieldDescriptor.TYPE_BYTES:
        # Ids are hex, all other bytes base64.
        return LENGTH, _checked(encode_hex if field.name in _HEX else encode_base64)
    wire, encode = SCALARS[field.type]
    return wire, _checked(encode)


def _checked(encode: Encoder) -> _Encode:
    def encode_scalar(item: Any, _: int) -> bytes:
        try:
            return encode(item)
        except ValueError as error:
            raise MalformedJson(f"is {error}") from None

    return encode_scalar


def _nested(descriptor: Descriptor) -> _Encode:
    is_value = descriptor is AnyValue.DESCRIPTOR  # only these nest without end

    def encode_nested(item: Any, depth: int) -> bytes:
        if is_value and depth >= DEEPEST_MESSAGE:
            return b"\x00"
        return encode_length(_encode_message(_fields_of(descriptor), item, depth + 1))

    return encode_nested


def _encode_message(fields: dict[str, _Field], value: Any, depth: int) -> bytes:
    if not isinstance(value, dict):
        raise MalformedJson("is not an object")
    pieces: list[bytes] = []
    for key, item in value.items():
        field = fields.get(key)
        if field is None or item is None:
            continue
        try:
            if not field.repeated:
                pieces += field.tag, field.encode(item, depth)
            elif isinstance(item, list):
                _encode_list(field, item, depth, pieces)
            else:
                raise MalformedJson("is not a list")
        except MalformedJson as error:
            raise error.within(key) from None
    return b"".join(pieces)


def _encode_list(field: _Field, items: list[Any], depth: int, pieces: list[bytes]) -> None:
    for position, item in enumerate(items):
        try:
            pieces += field.tag, field.encode(item, depth)
        except MalformedJson as error:
            raise error.within(f"[{position}]") from None
