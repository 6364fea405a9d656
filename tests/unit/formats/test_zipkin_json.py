"""Zipkin's JSON, version 2."""

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.formats.errors import UnreadableContent
from tests.unit.formats.files import attributes, read_one_span


def zipkin(**fields: Any) -> list[dict[str, Any]]:
    told = {
        "traceId": "abc",
        "parentId": "6",
        "id": "7",
        "kind": "CONSUMER",
        "name": "order.process",
        "timestamp": 1_760_000_000_000_001,
        "duration": 250,
        "localEndpoint": {"serviceName": "payment-service", "ipv4": "10.0.0.1"},
    }
    return [told | fields]


def test_ids_times_names_kind_and_service() -> None:
    resource, _, span = read_one_span(zipkin())

    assert span.trace_id.hex() == "00000000000000000000000000000abc"
    assert (span.span_id.hex(), span.parent_span_id.hex()) == ("0" * 15 + "7", "0" * 15 + "6")
    assert (span.name, span.kind) == ("order.process", Span.SPAN_KIND_CONSUMER)
    assert span.start_time_unix_nano == 1_760_000_000_000_001_000
    assert span.end_time_unix_nano == span.start_time_unix_nano + 250_000
    assert attributes(resource.resource.attributes) == {"service.name": "payment-service"}


@pytest.mark.parametrize("missing", ["parentId", "kind", "timestamp", "duration", "localEndpoint"])
def test_optional_fields_may_be_missing(missing: str) -> None:
    (told,) = zipkin()
    del told[missing]

    assert read_one_span([told])[2].name == "order.process"


def test_tags_and_the_remote_endpoint_become_attributes() -> None:
    _, _, span = read_one_span(
        zipkin(
            tags={"order.id": "123"},
            remoteEndpoint={"serviceName": "kafka", "ipv4": "10.0.0.2", "port": 9092},
        )
    )

    assert attributes(span.attributes) == {
        "order.id": "123",
        "peer.service": "kafka",
        "network.peer.address": "10.0.0.2",
        "network.peer.port": 9092,
    }


def test_what_opentelemetry_put_into_tags_is_taken_out_again() -> None:
    _, scope, span = read_one_span(
        zipkin(tags={"otel.scope.name": "shop", "otel.status_code": "OK", "error": "false"})
    )

    assert scope.scope.name == "shop"
    assert span.status.code == 1
    assert attributes(span.attributes) == {"error": "false"}


def test_an_error_tag_is_an_error() -> None:
    assert read_one_span(zipkin(tags={"error": "timed out"}))[2].status.code == 2


def test_annotations_become_events() -> None:
    _, _, span = read_one_span(zipkin(annotations=[{"timestamp": 5, "value": "retry"}]))

    assert [(event.name, event.time_unix_nano) for event in span.events] == [("retry", 5_000)]


def test_the_servers_half_of_a_shared_span_says_so() -> None:
    assert attributes(read_one_span(zipkin(shared=True))[2].attributes) == {"zipkin.shared": True}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"traceId": "x"}, "span [0].traceId is not an id of up to 32 hex digits"),
        ({"id": 7}, "span [0].id is not an id of up to 16 hex digits"),
        ({"timestamp": []}, "span [0].timestamp is not a number of microseconds"),
        ({"tags": ["a"]}, "span [0].tags is not an object"),
        ({"annotations": "a"}, "span [0].annotations is not a list of objects"),
        ({"localEndpoint": 1}, "span [0].localEndpoint is not an object"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(UnreadableContent) as error:
        read_one_span(zipkin(**fields))

    assert str(error.value) == f"line 1: {told}"
