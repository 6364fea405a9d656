"""OTLP/JSON -> protobuf, by its own mapping (OTLP specification, "JSON Protobuf Encoding").

protobuf's json_format would read hex ids as base64, silently. Beyond the specification
snake_case keys and the names of enum values are taken, as the Collector does.

The wire format is written straight from the JSON, along the descriptors: a message object
with a call for each field costs several times as much.
"""

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
        raise MalformedJson(error.problem, "the request") from None


@dataclass(frozen=True, slots=True)
class _Field:
    tag: bytes
    repeated: bool
    scalar: Encoder | None
    message: Descriptor | None
    is_value: bool
    """Whether it is an AnyValue: only these nest without end."""


@cache
def _fields_of(descriptor: Descriptor) -> dict[str, _Field]:
    """By both spellings of their names."""
    fields = {}
    for described in descriptor.fields:
        field = _describe(described)
        fields[described.camelcase_name] = fields[described.name] = field
    return fields


def _describe(field: FieldDescriptor) -> _Field:
    if field.message_type is not None:
        tag = encode_varint(field.number << 3 | LENGTH)
        is_value = field.message_type is AnyValue.DESCRIPTOR
        return _Field(tag, field.is_repeated, None, field.message_type, is_value)
    if field.enum_type is not None:
        numbers = {value.name: value.number for value in field.enum_type.values}
        wire, scalar = VARINT, partial(encode_enum, numbers)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        # Ids are hex, all other bytes base64.
        wire, scalar = LENGTH, encode_hex if field.name in _HEX else encode_base64
    else:
        wire, scalar = SCALARS[field.type]
    return _Field(encode_varint(field.number << 3 | wire), field.is_repeated, scalar, None, False)


def _encode_message(fields: dict[str, _Field], value: Any, depth: int) -> bytes:
    if not isinstance(value, dict):
        raise MalformedJson("is not an object")
    pieces = []
    for key, item in value.items():
        field = fields.get(key)
        if field is None or item is None:
            continue
        try:
            if not field.repeated:
                pieces += field.tag, _encode(field, item, depth)
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
            pieces += field.tag, _encode(field, item, depth)
        except MalformedJson as error:
            raise error.within(f"[{position}]") from None


def _encode(field: _Field, item: Any, depth: int) -> bytes:
    """What stands after the tag."""
    if field.scalar is not None:
        try:
            return field.scalar(item)
        except ValueError as error:
            raise MalformedJson(f"is {error}") from None
    if field.is_value and depth >= DEEPEST_MESSAGE:
        return b"\x00"
    assert field.message is not None
    return encode_length(_encode_message(_fields_of(field.message), item, depth + 1))
