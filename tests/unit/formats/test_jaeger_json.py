"""Jaeger's JSON."""

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.formats.errors import UnreadableContent
from tests.unit.formats.files import attributes, read_one_span

TRACE = "00000000000000000000000000000abc"


def jaeger(processes: Any = None, **span: Any) -> dict[str, Any]:
    told = {
        "traceID": TRACE,
        "spanID": "0000000000000007",
        "operationName": "order.process",
        "startTime": 1_760_000_000_000_001,
        "duration": 250,
        "processID": "p1",
    }
    standard = {"p1": {"serviceName": "payment-service", "tags": [tag("host.name", "h")]}}
    trace = {"traceID": TRACE, "spans": [told | span], "processes": processes or standard}
    return {"data": [trace], "total": 0, "errors": None}


def tag(key: str, value: Any, kind: str = "string") -> dict[str, Any]:
    return {"key": key, "type": kind, "value": value}


def test_ids_times_names_and_the_process() -> None:
    resource, _, span = read_one_span(jaeger())

    assert span.trace_id.hex() == TRACE
    assert span.span_id.hex() == "0000000000000007"
    assert span.name == "order.process"
    assert span.start_time_unix_nano == 1_760_000_000_000_001_000
    assert span.end_time_unix_nano == span.start_time_unix_nano + 250_000
    assert attributes(resource.resource.attributes) == {
        "service.name": "payment-service",
        "host.name": "h",
    }


def test_short_ids_are_filled_with_zeros() -> None:
    _, _, span = read_one_span(jaeger(traceID="abc", spanID="7"))

    assert (span.trace_id.hex(), span.span_id.hex()) == (TRACE, "0000000000000007")


def test_the_first_child_of_in_the_same_trace_is_the_parent_and_all_others_are_links() -> None:
    def reference(kind: str, trace: str, span: str) -> dict[str, str]:
        return {"refType": kind, "traceID": trace, "spanID": span}

    _, _, span = read_one_span(
        jaeger(
            references=[
                reference("FOLLOWS_FROM", "def", "1"),
                reference("CHILD_OF", TRACE, "2"),
                reference("CHILD_OF", "def", "3"),
            ]
        )
    )

    assert span.parent_span_id.hex() == "0000000000000002"
    assert [(link.trace_id[-2:].hex(), link.span_id[-1:].hex()) for link in span.links] == [
        ("0def", "01"),
        ("0def", "03"),
    ]
    assert attributes(span.links[0].attributes) == {"opentracing.ref_type": "follows_from"}


def test_tags_become_attributes_of_their_type() -> None:
    _, _, span = read_one_span(
        jaeger(
            tags=[
                tag("s", "x"),
                tag("i", 5, "int64"),
                tag("i as text", "9007199254740993", "int64"),
                tag("f", 1, "float64"),
                tag("b", True, "bool"),
                tag("y", "AP8=", "binary"),
                tag("odd", "soon", "int64"),
                tag("none", None),
            ]
        )
    )

    assert attributes(span.attributes) == {
        "s": "x",
        "i": 5,
        "i as text": 9007199254740993,
        "f": 1.0,
        "b": True,
        "y": {"bytes": "AP8="},
        "odd": "soon",
        "none": None,
    }


def test_what_opentelemetry_put_into_tags_is_taken_out_again() -> None:
    _, scope, span = read_one_span(
        jaeger(
            tags=[
                tag("span.kind", "consumer"),
                tag("otel.scope.name", "shop"),
                tag("otel.library.version", "2"),
                tag("otel.status_code", "ERROR"),
                tag("otel.status_description", "no"),
                tag("w3c.tracestate", "a=b"),
            ]
        )
    )

    assert span.kind == Span.SPAN_KIND_CONSUMER
    assert (scope.scope.name, scope.scope.version) == ("shop", "2")
    assert span.status == Status(code=Status.STATUS_CODE_ERROR, message="no")
    assert span.trace_state == "a=b"
    assert list(span.attributes) == []


@pytest.mark.parametrize(("value", "code"), [(True, 2), ("true", 2), (False, 0), ("false", 0)])
def test_an_error_tag_is_an_error(value: object, code: int) -> None:
    kind = "bool" if isinstance(value, bool) else "string"
    _, _, span = read_one_span(jaeger(tags=[tag("error", value, kind)]))

    assert span.status.code == code


def test_logs_become_events() -> None:
    log = {
        "timestamp": 1_760_000_000_000_100,
        "fields": [tag("event", "retry"), tag("n", 2, "int64")],
    }
    _, _, span = read_one_span(jaeger(logs=[log, {"timestamp": 1, "fields": []}]))

    assert [event.name for event in span.events] == ["retry", "log"]
    assert span.events[0].time_unix_nano == 1_760_000_000_000_100_000
    assert attributes(span.events[0].attributes) == {"n": 2}


def test_a_span_of_an_unknown_process_has_no_service() -> None:
    resource, _, _ = read_one_span(jaeger(processID="p2"))

    assert attributes(resource.resource.attributes) == {}


@pytest.mark.parametrize(
    ("span", "told"),
    [
        ({"traceID": "xyz"}, "data[0].spans[0].traceID is not an id of up to 32 hex digits"),
        ({"spanID": "1" * 17}, "data[0].spans[0].spanID is not an id of up to 16 hex digits"),
        ({"startTime": "soon"}, "data[0].spans[0].startTime is not a number of microseconds"),
        ({"startTime": 1e300}, "data[0].spans[0].startTime is not a number of microseconds"),
        ({"duration": -1}, "data[0].spans[0].duration is not a number of microseconds"),
        ({"tags": {}}, "data[0].spans[0].tags is not a list of objects"),
        ({"references": [1]}, "data[0].spans[0].references is not a list of objects"),
        ({"process": [], "processID": "?"}, "data[0].spans[0].process is not an object"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(span: dict[str, Any], told: str) -> None:
    with pytest.raises(UnreadableContent) as error:
        read_one_span(jaeger(**span))

    assert str(error.value) == f"line 1: {told}"
