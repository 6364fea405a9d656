"""Fields of foreign JSON, checked, and what Jaeger and Zipkin spans have in common."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from collector.formats.otlp_json import MalformedJson

KINDS = {
    "internal": Span.SPAN_KIND_INTERNAL,
    "server": Span.SPAN_KIND_SERVER,
    "client": Span.SPAN_KIND_CLIENT,
    "producer": Span.SPAN_KIND_PRODUCER,
    "consumer": Span.SPAN_KIND_CONSUMER,
}
_STATUS = {"OK": Status.STATUS_CODE_OK, "ERROR": Status.STATUS_CODE_ERROR}
_LATEST_MICROSECONDS = (2**63 - 1) // 1000


def objects(value: Any, where: str) -> list[Mapping[str, Any]]:
    """A list of objects; absent is empty. Raises MalformedJson."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedJson(f"{where} is not a list of objects")
    return value


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """An object; absent is empty. Raises MalformedJson."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedJson(f"{where} is not an object")
    return value


def text(value: Any) -> str:
    """As text that UTF-8 can hold; absent is empty."""
    if value is None:
        return ""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def identifier(value: Any, size: int, where: str) -> bytes:
    """Hex of up to `size` bytes, leading zeros left out or not. Absent is empty."""
    if value is None or value == "":
        return b""
    try:
        if isinstance(value, str) and len(value) <= 2 * size:
            return bytes.fromhex(value.rjust(2 * size, "0"))
    except ValueError:
        pass
    raise MalformedJson(f"{where} is not an id of up to {2 * size} hex digits")


def nanoseconds(microseconds: Any, where: str) -> int:
    """Of a time or duration in microseconds; absent is 0."""
    if microseconds is None:
        return 0
    try:
        number = int(microseconds)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if isinstance(microseconds, bool) or not 0 <= number <= _LATEST_MICROSECONDS:
        raise MalformedJson(f"{where} is not a number of microseconds")
    if isinstance(microseconds, float):
        return round(microseconds * 1000)
    return number * 1000


def any_value(value: Any) -> AnyValue:
    """The AnyValue of a JSON value."""
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if value is None:
        return AnyValue()
    return AnyValue(string_value=text(value))


def typed_value(kind: Any, value: Any) -> AnyValue:
    """The AnyValue of a Jaeger tag, whose type is named beside it."""
    try:
        if kind == "int64":
            return any_value(int(value))
        if kind == "float64":
            return AnyValue(double_value=float(value))
        if kind == "bool" and isinstance(value, str):
            return AnyValue(bool_value=value.lower() == "true")
        if kind == "binary" and isinstance(value, str):
            return AnyValue(bytes_value=base64.b64decode(value, validate=True))
    except (TypeError, ValueError, OverflowError):
        pass  # kept as it is
    return any_value(value)


def key_value(key: Any, value: AnyValue) -> KeyValue:
    return KeyValue(key=text(key), value=value)


def take_meaning(span: Span, scope: ScopeSpans, attributes: Iterable[KeyValue]) -> None:
    """Sets the attributes of a span, and the fields that exporters of OpenTelemetry put
    into attributes for want of such fields (specification, "OpenTelemetry to Jaeger",
    "OpenTelemetry to Zipkin")."""
    for attribute in attributes:
        value = attribute.value.string_value
        if attribute.key == "otel.status_code" and value in _STATUS:
            span.status.code = _STATUS[value]
        elif attribute.key == "otel.status_description":
            span.status.message = value
        elif attribute.key in ("otel.scope.name", "otel.library.name"):
            scope.scope.name = value
        elif attribute.key in ("otel.scope.version", "otel.library.version"):
            scope.scope.version = value
        elif attribute.key == "w3c.tracestate":
            span.trace_state = value
        elif attribute.key == "span.kind" and value in KINDS:
            span.kind = KINDS[value]
        else:
            span.attributes.append(attribute)
            if attribute.key == "error" and not _is_false(attribute.value):
                span.status.code = Status.STATUS_CODE_ERROR


def _is_false(value: AnyValue) -> bool:
    if value.WhichOneof("value") == "bool_value":
        return not value.bool_value
    return value.string_value.lower() == "false"
