"""Attributes that are left out before storing."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import EntityRef, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.attribute_filter import drop_attributes
from collector.decoded import UndecodableRequest, decode_request
from collector.decoding import make_decoder
from storage.schema import BATCH_SCHEMAS
from tests.builders import Attributes, key_values, link, request, span

SECRET = "hunter2"
HELD = {"password": SECRET, "order.id": "5", "kept": True}


def everywhere(attributes: Attributes) -> ExportTraceServiceRequest:
    """A request with these attributes wherever OTLP has any."""
    told = key_values(attributes)
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(
                    attributes=told,
                    dropped_attributes_count=3,
                    entity_refs=[EntityRef(type="service", id_keys=["service.name"])],
                ),
                schema_url="r",
                scope_spans=[
                    ScopeSpans(
                        scope=InstrumentationScope(name="s", attributes=told),
                        spans=[
                            Span(
                                trace_id=b"t" * 16,
                                span_id=b"s" * 8,
                                name="work",
                                attributes=told,
                                dropped_attributes_count=2,
                                links=[
                                    Span.Link(trace_id=b"u" * 16, span_id=b"v" * 8, attributes=told)
                                ],
                                events=[Span.Event(name="e", attributes=told)],
                                status=Status(code=Status.STATUS_CODE_ERROR),
                            )
                        ],
                        schema_url="c",
                    )
                ],
            )
        ]
    )


def test_an_attribute_goes_wherever_it_stands_and_everything_else_stays() -> None:
    edited = drop_attributes(["password"])(everywhere(HELD).SerializeToString())

    assert SECRET.encode() not in edited
    assert ExportTraceServiceRequest.FromString(edited) == everywhere(
        {"order.id": "5", "kept": True}
    )


def test_typed_columns_correlation_and_keys_are_as_if_it_had_not_been_sent() -> None:
    keys = ["order.id", "messaging.message.id", "service.name"]
    attributes = dict.fromkeys(keys, "7") | {"kept": 1, "messaging.system": "kafka"}
    sent = request(span(attributes=attributes, links=[link(attributes=attributes)]))
    expected = request(
        span(
            attributes={"kept": 1, "messaging.system": "kafka"},
            links=[link(attributes={"kept": 1, "messaging.system": "kafka"})],
        )
    )
    decoder = make_decoder()
    got = decode_request(decoder, drop_attributes(keys)(sent)).batch
    wanted = decode_request(decoder, drop_attributes(keys)(expected)).batch

    assert got.spans.num_rows == 1
    for name in BATCH_SCHEMAS:
        assert getattr(got, name).equals(getattr(wanted, name)), name


def test_a_request_without_it_is_returned_as_it_is() -> None:
    sent = request(span(attributes={"a": "b"}))

    assert drop_attributes(["password"])(sent) is sent
    assert drop_attributes([])(sent) is sent


def test_a_value_that_names_it_stays() -> None:
    sent = request(span("password", attributes={"hint": "password", "nested": {"password": "x"}}))

    assert ExportTraceServiceRequest.FromString(
        drop_attributes(["password"])(sent)
    ) == ExportTraceServiceRequest.FromString(sent)


def test_names_are_exact() -> None:
    kept = {"Password": "1", "password.old": "2", " password": "3", "assword": "4"}
    sent = everywhere(kept)

    edited = drop_attributes(["password"])(sent.SerializeToString())

    assert ExportTraceServiceRequest.FromString(edited) == sent


@pytest.mark.parametrize("times", [1, 2, 8, 9, 1_000])
def test_every_one_of_a_repeated_name_goes_and_the_order_stays(times: int) -> None:
    message, expected = everywhere({}), everywhere({})
    for number in range(times):
        told = {"first": number, "password": SECRET}
        message.resource_spans[0].resource.attributes.extend(key_values(told))
        expected.resource_spans[0].resource.attributes.extend(key_values({"first": number}))

    edited = drop_attributes(["password"])(message.SerializeToString())

    assert ExportTraceServiceRequest.FromString(edited) == expected


def test_a_request_whose_strings_are_no_utf_8_is_edited_too() -> None:
    sent = everywhere(HELD | {"odd": "????"}).SerializeToString().replace(b"????", b"\xff\xfe??")

    edited = drop_attributes(["password"])(sent)

    assert SECRET.encode() not in edited
    assert ExportTraceServiceRequest.FromString(edited).resource_spans


def test_unknown_fields_stay() -> None:
    unknown = b"\xfa\x7f\x03abc"  # field 2047
    edited = drop_attributes(["password"])(everywhere(HELD).SerializeToString() + unknown)

    assert edited.endswith(unknown)


def test_garbage_that_names_it_is_undecodable() -> None:
    with pytest.raises(UndecodableRequest):
        drop_attributes(["password"])(b"\xffpassword")
