"""OTLP/JSON by its own mapping."""

import base64
import json
import math
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.any_value import DEEPEST, TOO_DEEP, to_json
from collector.formats.json_text import parse_json
from collector.formats.otlp_json import MalformedJson, parse_otlp_json
from tests.builders import link, request, span

FULL = request(
    span(
        "order.process",
        trace=0xABC,
        id=7,
        parent=6,
        kind="CONSUMER",
        attributes={
            "text": "ä€😀",
            "whole": -(2**63),
            "real": 0.1,
            "yes": True,
            "no": False,
            "zero": 0,
            "nothing": "",
            "bytes": b"\x00\xff",
            "list": ["a", 1, [2.5, {"deep": b"x"}]],
            "empty list": [],
            "empty map": {},
        },
        links=[link(trace=9, id=8, attributes={"a": 1}, trace_state="v=1")],
        events=[("queued", {"attempt": 2})],
        status="ERROR",
        status_message="no",
        scope="scope",
        scope_version="2",
        flags=0x301,
        resource={"host.name": "h"},
        trace_state="a=b",
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=2**32 - 1,
    )
)


def to_otlp_json(value: Any) -> Any:
    """protobuf's own JSON of a request, with hex ids: what OTLP/JSON is but for enums."""
    if isinstance(value, list):
        return [to_otlp_json(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex().upper()
            if key.lower().replace("_", "") in {"traceid", "spanid", "parentspanid"}
            else to_otlp_json(item)
            for key, item in value.items()
        }
    return value


@pytest.mark.parametrize("numbered", [True, False], ids=["enum numbers", "enum names"])
@pytest.mark.parametrize("snake", [True, False], ids=["snake_case", "camelCase"])
def test_every_field_arrives(numbered: bool, snake: bool) -> None:
    message = ExportTraceServiceRequest.FromString(FULL)
    told = MessageToDict(
        message, use_integers_for_enums=numbered, preserving_proto_field_name=snake
    )

    assert parse_otlp_json(to_otlp_json(told)) == message


def parse_span(**fields: Any) -> Span:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}
    return parse_otlp_json(document).resource_spans[0].scope_spans[0].spans[0]


def parse_value(value: Any) -> Any:
    return parse_span(attributes=[{"key": "k", "value": value}]).attributes[0].value


@pytest.mark.parametrize("number", [2**64 - 1, str(2**64 - 1), 12.0, "0"])
def test_64_bit_numbers_are_strings_or_numbers(number: object) -> None:
    assert parse_span(startTimeUnixNano=number).start_time_unix_nano == int(
        str(number).split(".")[0]
    )


@pytest.mark.parametrize(
    ("told", "number"), [("NaN", math.nan), ("-Infinity", -math.inf), (1, 1.0), ("1.5", 1.5)]
)
def test_doubles_are_numbers_or_their_names(told: object, number: float) -> None:
    assert repr(parse_value({"doubleValue": told}).double_value) == repr(number)


def test_unknown_fields_and_nulls_are_ignored() -> None:
    told = parse_span(name="n", isRemote=True, status=None, links=None, kind=None, extra={"a": []})

    assert told == Span(name="n")


def test_an_empty_value_is_not_a_missing_one() -> None:
    assert parse_value({"stringValue": ""}).WhichOneof("value") == "string_value"
    assert parse_value({"kvlistValue": {}}).WhichOneof("value") == "kvlist_value"
    assert parse_value({}).WhichOneof("value") is None


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert parse_span(name="a\ud800b").name == "a?b"


def test_status_by_name() -> None:
    assert parse_span(status={"code": "STATUS_CODE_ERROR"}).status.code == Status.STATUS_CODE_ERROR


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"traceId": "xyz"}, "traceId is not hex text"),
        ({"traceId": "abc"}, "traceId is not hex text"),
        ({"spanId": 5}, "spanId is not hex text"),
        ({"traceId": "AAAAAAAAAAAAAAAAAAAAAQ=="}, "traceId is not hex text"),
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano is not a whole number of its range"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano is not a whole number of its range"),
        ({"startTimeUnixNano": 2**64}, "startTimeUnixNano is not a whole number of its range"),
        ({"startTimeUnixNano": True}, "startTimeUnixNano is not a whole number of its range"),
        ({"flags": 1.5}, "flags is not a whole number of its range"),
        ({"kind": "SPAN_KIND_ODD"}, "kind is not a whole number of its range"),
        ({"kind": 2**40}, "kind is not a whole number of its range"),
        ({"name": 5}, "name is not a string"),
        ({"links": {}}, "links is not a list"),
        ({"links": [5]}, "links[0] is not an object"),
        ({"status": []}, "status is not an object"),
        ({"attributes": [{"value": {"boolValue": 1}}]}, "boolValue is neither true nor false"),
        ({"attributes": [{"value": {"doubleValue": "x"}}]}, "doubleValue is not a number"),
        ({"attributes": [{"value": {"bytesValue": "%"}}]}, "bytesValue is not base64 text"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(MalformedJson) as error:
        parse_span(**fields)

    assert str(error.value).startswith("resourceSpans[0].scopeSpans[0].spans[0].")
    assert str(error.value).endswith(told)


def test_a_request_is_an_object() -> None:
    with pytest.raises(MalformedJson, match="the request is not an object"):
        parse_otlp_json([])


def nested(levels: int, kind: str) -> str:
    """The text of a value inside so many others."""
    around = {
        "array": ('{"arrayValue":{"values":[', "]}}"),
        "kvlist": ('{"kvlistValue":{"values":[{"key":"k","value":', "}]}}"),
    }[kind]
    return around[0] * levels + '{"stringValue":"} deep ["}' + around[1] * levels


@pytest.mark.parametrize("kind", ["array", "kvlist"])
@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 60, 300, 1_000, 100_000])
def test_values_nested_too_deeply_are_cut_as_of_protobuf(levels: int, kind: str) -> None:
    text = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":%s}]},'
    text += '{"name":"beside"}]}]}]}'

    request = parse_otlp_json(parse_json(text % nested(levels, kind)))

    spans = request.resource_spans[0].scope_spans[0].spans
    kept = json.dumps(to_json(spans[0].attributes[0].value))
    assert spans[1].name == "beside"
    assert ("} deep [" in kept) == (levels <= DEEPEST)
    assert (TOO_DEEP in kept) == (levels > DEEPEST)


@pytest.mark.parametrize("told", ["1_0", "0x10", "--1", "", " ", "9" * 30, "٣"])
def test_a_number_is_written_in_plain_digits(told: str) -> None:
    for fields in ({"startTimeUnixNano": told}, {"attributes": [{"value": {"doubleValue": told}}]}):
        if told not in ("9" * 30, "٣") or "attributes" not in fields:
            with pytest.raises(MalformedJson, match="number"):
                parse_span(**fields)


@pytest.mark.parametrize("told", ["+/8=", "-_8=", "+/8", "-_8"])
def test_bytes_are_base64_of_either_alphabet(told: str) -> None:
    assert parse_value({"bytesValue": told}).bytes_value == b"\xfb\xff"
