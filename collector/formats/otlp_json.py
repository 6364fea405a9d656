"""OTLP/JSON -> protobuf messages, by its own mapping (OTLP specification, "JSON Protobuf
Encoding").

protobuf's json_format would read hex ids as base64, silently. Beyond the specification
snake_case keys and the names of enum values are taken, as the Collector does.
"""

import base64
import binascii
import math
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_HEX = {"trace_id", "span_id", "parent_span_id"}
_RANGES = {
    FieldDescriptor.TYPE_INT32: range(-(2**31), 2**31),
    FieldDescriptor.TYPE_UINT32: range(2**32),
    FieldDescriptor.TYPE_FIXED32: range(2**32),
    FieldDescriptor.TYPE_INT64: range(-(2**63), 2**63),
    FieldDescriptor.TYPE_UINT64: range(2**64),
    FieldDescriptor.TYPE_FIXED64: range(2**64),
}
# protobuf readers give up at 100 messages inside each other.
_DEEPEST = 90


class MalformedJson(ValueError):
    """The message says where in the object, and what is wrong."""


def parse_otlp_json(value: Any) -> ExportTraceServiceRequest:
    """The request of a parsed JSON object. Raises MalformedJson."""
    message = ExportTraceServiceRequest()
    _fill(message, value, "", 0)
    return message


def _fill(message: Message, value: Any, path: str, depth: int) -> None:
    if not isinstance(value, dict):
        raise MalformedJson(f"{path or 'the request'} is not an object")
    if depth > _DEEPEST:
        raise MalformedJson(f"{path[:80]}… is nested too deeply")
    for key, item in value.items():
        field = _find_field(message, key)
        if field is None or item is None:
            continue
        where = f"{path}.{key}" if path else key
        if not field.is_repeated:
            _set(message, field, item, where, depth)
            continue
        if not isinstance(item, list):
            raise MalformedJson(f"{where} is not a list")
        repeated = getattr(message, field.name)
        for position, element in enumerate(item):
            element_path = f"{where}[{position}]"
            if field.message_type is not None:
                _fill(repeated.add(), element, element_path, depth + 1)
            else:
                repeated.append(_scalar(field, element, element_path))


def _find_field(message: Message, key: str) -> FieldDescriptor | None:
    descriptor: Any = message.DESCRIPTOR
    found: FieldDescriptor | None = descriptor.fields_by_camelcase_name.get(key)
    return found or descriptor.fields_by_name.get(key)


def _set(message: Message, field: FieldDescriptor, item: Any, where: str, depth: int) -> None:
    if field.message_type is None:
        setattr(message, field.name, _scalar(field, item, where))
        return
    part = getattr(message, field.name)
    part.SetInParent()  # {} is something else than nothing
    _fill(part, item, where, depth + 1)


def _scalar(field: FieldDescriptor, value: Any, where: str) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode("utf-8")  # half surrogate pairs
        raise MalformedJson(f"{where} is not a string")
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(field.name, value, where)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if isinstance(value, bool):
            return value
        raise MalformedJson(f"{where} is neither true nor false")
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _double(value, where)
    if field.type == FieldDescriptor.TYPE_ENUM:
        names: Any = field.enum_type
        named = names.values_by_name.get(value) if isinstance(value, str) else None
        return named.number if named is not None else _whole(value, range(-(2**31), 2**31), where)
    return _whole(value, _RANGES[field.type], where)


def _bytes(name: str, value: Any, where: str) -> bytes:
    """Ids are hex, all other bytes base64."""
    try:
        if isinstance(value, str):
            if name in _HEX:
                return binascii.unhexlify(value)
            return base64.b64decode(value, validate=True)
    except ValueError:
        pass
    kind = "hex" if name in _HEX else "base64"
    raise MalformedJson(f"{where} is not {kind} text")


def _double(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise MalformedJson(f"{where} is not a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise MalformedJson(f"{where} is not a number") from None
    return math.nan if math.isnan(number) else number


def _whole(value: Any, allowed: range, where: str) -> int:
    """64-bit numbers are strings in JSON; plain numbers are taken too."""
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 24:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise MalformedJson(f"{where} is not a whole number of its range")
    return value
