"""A process's tracing in one call: one provider, a batch processor, OTLP over gRPC."""

from collections.abc import Collection

from opentelemetry import trace
from opentelemetry.trace import Tracer

from tracestitch_propagation.workflow import WORKFLOW_KEYS, BaggageSpanProcessor

_MISSING = (
    "init_tracer needs OpenTelemetry's SDK and its OTLP exporter for gRPC:"
    " install tracestitch-propagation[otlp]"
)


def init_tracer(
    service_name: str,
    *,
    endpoint: str | None = None,
    namespace: str | None = None,
    environment: str | None = None,
    version: str | None = None,
    baggage_keys: Collection[str] = WORKFLOW_KEYS,
) -> Tracer:
    """Set the process's tracer provider up, and return a tracer named after the service.

    Spans go to `endpoint`, else where OTEL_EXPORTER_OTLP_ENDPOINT and its kin say, else to
    http://localhost:4317. What OTEL_RESOURCE_ATTRIBUTES says of the service is kept. The
    `baggage_keys` become attributes of every span. What is left is exported when the process
    ends. A process that has a provider of the SDK keeps it.

    Raises ModuleNotFoundError where the SDK or the exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(_MISSING) from error
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        told = {
            "service.name": service_name,
            "service.namespace": namespace,
            "service.version": version,
            "deployment.environment.name": environment,
        }
        known = {name: value for name, value in told.items() if value is not None}
        provider = TracerProvider(resource=Resource.create(known))
        provider.add_span_processor(BaggageSpanProcessor(baggage_keys))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        trace.set_tracer_provider(provider)
    return trace.get_tracer(service_name)
