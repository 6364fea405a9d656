"""Context written by one service is the context read by the next."""

from collections.abc import Iterator

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.context import Context

from sample_data.pipeline import carriers

SENDER = trace.SpanContext(
    trace_id=0xA1, span_id=0xB2, is_remote=False, trace_flags=trace.TraceFlags(1)
)


@pytest.fixture(autouse=True)
def _sending() -> Iterator[None]:
    current = trace.set_span_in_context(trace.NonRecordingSpan(SENDER), Context())
    token = context.attach(baggage.set_baggage("workflow.id", "WF-7", current))
    yield
    context.detach(token)


def carried(read: Context) -> tuple[int, int, object]:
    span = trace.get_current_span(read).get_span_context()
    return span.trace_id, span.span_id, baggage.get_baggage("workflow.id", read)


def test_sqs_message_attributes_carry_context_and_baggage() -> None:
    attributes = carriers.sqs_attributes()
    assert all(value["DataType"] == "String" for value in attributes.values())
    assert carried(carriers.from_sqs_attributes(attributes)) == (0xA1, 0xB2, "WF-7")


def test_a_full_message_gets_no_eleventh_attribute() -> None:
    full = {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(10)}
    carriers.SqsSetter().set(full, "traceparent", "y")
    assert len(full) == 10
    assert "traceparent" not in full


def test_kafka_headers_carry_context_and_baggage_as_bytes() -> None:
    headers = carriers.kafka_headers()
    assert all(isinstance(value, bytes) for _, value in headers)
    assert carried(carriers.from_kafka_headers(headers)) == (0xA1, 0xB2, "WF-7")


def test_a_record_without_headers_gives_an_empty_context() -> None:
    assert carried(carriers.from_kafka_headers(None)) == (0, 0, None)


def test_an_event_carries_context_in_its_detail_and_the_handler_does_not_see_it() -> None:
    detail = carriers.put_into_detail({"order_id": "1"})
    assert carried(carriers.take_from_detail(detail)) == (0xA1, 0xB2, "WF-7")
    assert detail == {"order_id": "1"}


def test_an_event_without_context_gives_an_empty_one() -> None:
    assert carried(carriers.take_from_detail({"order_id": "1"})) == (0, 0, None)


def test_reading_never_falls_back_to_the_context_of_the_reader() -> None:
    assert carried(carriers.from_sqs_attributes({})) == (0, 0, None)
    assert carried(carriers.from_http_headers({})) == (0, 0, None)


def test_http_header_names_are_read_in_any_case() -> None:
    headers = {"Traceparent": f"00-{0xA1:032x}-{0xB2:016x}-00"}
    span = trace.get_current_span(carriers.from_http_headers(headers)).get_span_context()
    assert (span.trace_id, span.span_id, span.trace_flags) == (0xA1, 0xB2, 0)


def test_an_xray_header_becomes_a_remote_context_with_the_epoch_in_front() -> None:
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    span = trace.get_current_span(carriers.from_xray_header(header)).get_span_context()
    assert span.is_remote
    assert span.trace_id == 0x5759E988BD862E3FE1BE46A994272793
    assert span.span_id == 0x53995C3F42CD8AD8


def test_a_new_xray_header_can_be_read() -> None:
    read = carriers.from_xray_header(carriers.new_xray_header())
    assert trace.get_current_span(read).get_span_context().is_valid
