"""Recordings tell nothing of the machine that made them."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from sample_data.record import without_stacks


def request(**attributes: str) -> ExportTraceServiceRequest:
    told = [
        KeyValue(key=f"exception.{k}", value=AnyValue(string_value=attributes[k]))
        for k in attributes
    ]
    span = Span(name="order.process", events=[Span.Event(name="exception", attributes=told)])
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])]
    )


def test_stacks_are_left_out_and_nothing_else() -> None:
    raised = request(type="Refused", stacktrace='File "/home/someone/shop.py"', message="no")
    kept = ExportTraceServiceRequest.FromString(without_stacks(raised.SerializeToString()))
    assert kept == request(type="Refused", message="no")
