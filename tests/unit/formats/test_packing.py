"""Requests of bounded size."""

from collections import Counter

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.formats.packing import (
    REQUEST_BYTES,
    REQUEST_SPANS,
    Request,
    pack_request,
    pack_spans,
    place_spans,
)
from tests.builders import request, span


def parse(payload: bytes) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(payload)


def tell(requests: list[Request]) -> Counter[tuple[bytes, bytes, bytes]]:
    """Every span with its resource and scope, encoded."""
    return Counter(
        (
            placed.resource.SerializeToString(),
            placed.scope.SerializeToString(),
            placed.span.SerializeToString(),
        )
        for packed in requests
        for placed in place_spans(parse(packed.payload))
    )


def test_a_small_request_stays_as_it_is() -> None:
    payload = request(span(id=1), span(id=2, service="other"))

    assert list(pack_request(parse(payload))) == [Request(payload, 2)]


def test_a_large_request_is_divided_and_nothing_is_lost() -> None:
    payload = request(
        *(
            span(id=number, service=f"service-{number % 3}", attributes={"body": "x" * 50_000})
            for number in range(1, 200)
        )
    )

    packed = list(pack_request(parse(payload)))

    assert len(packed) > 1
    assert all(len(part.payload) <= REQUEST_BYTES * 1.01 for part in packed)
    assert sum(part.spans for part in packed) == 199
    assert tell(packed) == tell([Request(payload, 199)])


def test_a_span_larger_than_a_request_goes_alone() -> None:
    payload = request(span(id=1), span(id=2, attributes={"body": "x" * REQUEST_BYTES}), span(id=3))

    assert [part.spans for part in pack_request(parse(payload))] == [1, 1, 1]


def test_equal_resources_and_scopes_stand_once() -> None:
    spans = place_spans(parse(request(span(id=1), span(id=2), span(id=3, service="other"))))

    (packed,) = pack_spans(spans)

    message = parse(packed.payload)
    assert [len(each.scope_spans[0].spans) for each in message.resource_spans] == [2, 1]


def test_a_request_has_a_bounded_number_of_spans() -> None:
    (placed,) = place_spans(parse(request(span())))

    packed = pack_spans([placed] * (REQUEST_SPANS + 1))

    assert [part.spans for part in packed] == [REQUEST_SPANS, 1]


def test_no_spans_make_no_request() -> None:
    assert list(pack_spans([])) == []
