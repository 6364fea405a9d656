"""Jaeger's JSON, as its UI downloads and its query API answers it:
{"data": [{"traceID", "spans", "processes"}]}.

Field meanings: jaegertracing/jaeger, model/json/model.go. The parent is the first
CHILD_OF reference into the same trace; every other reference is a link.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector.formats.fields import (
    any_value,
    identifier,
    key_value,
    mapping,
    nanoseconds,
    objects,
    take_meaning,
    text,
    typed_value,
)
from collector.formats.packing import PlacedSpan


def read_jaeger(document: Mapping[str, Any]) -> Iterator[PlacedSpan]:
    """Raises MalformedJson."""
    for number, trace in enumerate(objects(document.get("data"), "data")):
        where = f"data[{number}]"
        processes = mapping(trace.get("processes"), f"{where}.processes")
        resources = {
            key: _read_process(mapping(process, f"{where}.processes.{key}"), where)
            for key, process in processes.items()
        }
        for position, span in enumerate(objects(trace.get("spans"), f"{where}.spans")):
            path = f"{where}.spans[{position}]"
            inline = span.get("process")
            resource = resources.get(str(span.get("processID"))) or _read_process(
                mapping(inline, f"{path}.process"), path
            )
            yield _read_span(span, resource, path)


def _read_process(process: Mapping[str, Any], where: str) -> ResourceSpans:
    resource = ResourceSpans()
    if process.get("serviceName") is not None:
        name = key_value("service.name", any_value(text(process["serviceName"])))
        resource.resource.attributes.append(name)
    resource.resource.attributes.extend(_read_tags(process.get("tags"), f"{where}.tags"))
    return resource


def _read_tags(tags: Any, where: str) -> list[KeyValue]:
    return [
        key_value(tag.get("key"), typed_value(tag.get("type"), tag.get("value")))
        for tag in objects(tags, where)
    ]


def _read_span(told: Mapping[str, Any], resource: ResourceSpans, where: str) -> PlacedSpan:
    start = nanoseconds(told.get("startTime"), f"{where}.startTime")
    span = Span(
        trace_id=identifier(told.get("traceID"), 16, f"{where}.traceID"),
        span_id=identifier(told.get("spanID"), 8, f"{where}.spanID"),
        parent_span_id=identifier(told.get("parentSpanID"), 8, f"{where}.parentSpanID"),
        name=text(told.get("operationName")),
        start_time_unix_nano=start,
        end_time_unix_nano=start + nanoseconds(told.get("duration"), f"{where}.duration"),
    )
    _add_references(span, told, where)
    for log in objects(told.get("logs"), f"{where}.logs"):
        _add_event(span, log, f"{where}.logs")
    scope = ScopeSpans()
    take_meaning(span, scope, _read_tags(told.get("tags"), f"{where}.tags"))
    return PlacedSpan(resource, scope, span)


def _add_references(span: Span, told: Mapping[str, Any], where: str) -> None:
    for reference in objects(told.get("references"), f"{where}.references"):
        trace_id = identifier(reference.get("traceID"), 16, f"{where}.references.traceID")
        span_id = identifier(reference.get("spanID"), 8, f"{where}.references.spanID")
        kind = text(reference.get("refType"))
        if kind == "CHILD_OF" and trace_id == span.trace_id and not span.parent_span_id:
            span.parent_span_id = span_id
        elif (trace_id, span_id) != (span.trace_id, span.parent_span_id):
            type_ = key_value("opentracing.ref_type", any_value(kind.lower()))
            span.links.add(trace_id=trace_id, span_id=span_id, attributes=[type_])


def _add_event(span: Span, log: Mapping[str, Any], where: str) -> None:
    fields = _read_tags(log.get("fields"), f"{where}.fields")
    name = next((field.value.string_value for field in fields if field.key == "event"), "log")
    span.events.add(
        time_unix_nano=nanoseconds(log.get("timestamp"), f"{where}.timestamp"),
        name=name or "log",
        attributes=[field for field in fields if field.key != "event"],
    )
