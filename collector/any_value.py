"""OTLP AnyValue and KeyValue as JSON text and as plain text."""

import base64
import json
import math
from collections.abc import Iterable

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

# Levels of arrays and objects that are kept; protobuf itself ends somewhere beyond 30.
DEEPEST = 30
TOO_DEEP = "[nested too deeply]"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def to_json(value: AnyValue, level: int = 0) -> Json:
    """The value as JSON can hold it: bytes as {"bytes": base64}, non-finite doubles as
    "NaN", "Infinity", "-Infinity", an unset value (or one of another signal) as null.
    An array or object inside DEEPEST others becomes the text TOO_DEEP."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "int_value":
        return value.int_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "double_value":
        return _double(value.double_value)
    if kind == "bytes_value":
        return {"bytes": base64.b64encode(value.bytes_value).decode("ascii")}
    if kind in ("array_value", "kvlist_value") and level == DEEPEST:
        return TOO_DEEP
    if kind == "array_value":
        return [to_json(item, level + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return to_object(value.kvlist_value.values, level + 1)
    return None


def _double(number: float) -> Json:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def to_object(pairs: Iterable[KeyValue], level: int = 0) -> dict[str, Json]:
    """Attributes by key. Of a key that stands twice the last value is kept (OTLP forbids
    duplicates and leaves the behaviour open)."""
    return {pair.key: to_json(pair.value, level) for pair in pairs}


def json_text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def plain_text(value: Json) -> str | None:
    """A scalar as text, the way people compare ids: 123 and "123" are one. Of an array
    of strings (the Java agent's captured headers) the first; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return value[0]
    return None
