"""How many messages a request may be made of.

The smallest take two bytes, and forty times that as columns: 64 MiB of them would be
gigabytes. The largest requests of real exporters hold a tenth of the limit.
"""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decoded import UndecodableRequest

MOST_PARTS = 2_000_000


def check_size(request: ExportTraceServiceRequest) -> None:
    """Raises UndecodableRequest."""
    parts = len(request.resource_spans)
    for resource_spans in request.resource_spans:
        parts += len(resource_spans.scope_spans)
        for scope_spans in resource_spans.scope_spans:
            parts += len(scope_spans.spans)
            parts += sum(len(span.links) + len(span.events) for span in scope_spans.spans)
    if parts > MOST_PARTS:
        raise UndecodableRequest(
            f"not an ExportTraceServiceRequest: more than {MOST_PARTS:,} resources, scopes, "
            "spans, links and events are in it"
        )
