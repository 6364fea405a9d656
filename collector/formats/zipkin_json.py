"""Zipkin's JSON, version 2: a list of spans (openzipkin/zipkin-api, zipkin2-api.yaml)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.formats.fields import (
    KINDS,
    any_value,
    identifier,
    key_value,
    mapping,
    nanoseconds,
    objects,
    take_meaning,
    text,
)
from collector.formats.packing import PlacedSpan

# Of the endpoint at the other end.
_REMOTE = {
    "serviceName": "peer.service",
    "ipv4": "network.peer.address",
    "ipv6": "network.peer.address",
    "port": "network.peer.port",
}


def read_zipkin(document: Sequence[Any]) -> Iterator[PlacedSpan]:
    """Raises MalformedJson."""
    for position, told in enumerate(objects(document, "the document")):
        yield _read_span(told, f"span [{position}]")


def _read_span(told: Mapping[str, Any], where: str) -> PlacedSpan:
    start = nanoseconds(told.get("timestamp"), f"{where}.timestamp")
    span = Span(
        trace_id=identifier(told.get("traceId"), 16, f"{where}.traceId"),
        span_id=identifier(told.get("id"), 8, f"{where}.id"),
        parent_span_id=identifier(told.get("parentId"), 8, f"{where}.parentId"),
        name=text(told.get("name")),
        kind=KINDS.get(text(told.get("kind")).lower(), Span.SPAN_KIND_INTERNAL),
        start_time_unix_nano=start,
        end_time_unix_nano=start + nanoseconds(told.get("duration"), f"{where}.duration"),
    )
    for annotation in objects(told.get("annotations"), f"{where}.annotations"):
        span.events.add(
            time_unix_nano=nanoseconds(annotation.get("timestamp"), f"{where}.annotations"),
            name=text(annotation.get("value")),
        )
    scope = ScopeSpans()
    take_meaning(span, scope, _read_attributes(told, where))
    if told.get("shared") is True:  # the server's half of a span id used by both sides
        span.attributes.append(key_value("zipkin.shared", any_value(True)))
    return PlacedSpan(_read_service(told, where), scope, span)


def _read_service(told: Mapping[str, Any], where: str) -> ResourceSpans:
    resource = ResourceSpans()
    name = mapping(told.get("localEndpoint"), f"{where}.localEndpoint").get("serviceName")
    if name is not None:
        service = key_value("service.name", any_value(text(name)))
        resource.resource.attributes.append(service)
    return resource


def _read_attributes(told: Mapping[str, Any], where: str) -> list[KeyValue]:
    tags = mapping(told.get("tags"), f"{where}.tags")
    remote = mapping(told.get("remoteEndpoint"), f"{where}.remoteEndpoint")
    attributes = {_REMOTE[key]: value for key, value in remote.items() if key in _REMOTE}
    return [key_value(key, any_value(value)) for key, value in (attributes | dict(tags)).items()]
