"""Tracing of one service: a provider of its own, a batch processor, OTLP over gRPC."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import INVALID_SPAN, Link, SpanKind, Status, StatusCode

from sample_data.pipeline.attributes import TUTORIAL_NAMES, Attributes, End
from sample_data.pipeline.settings import Settings

WORKFLOW_KEY = "workflow.id"
VERSION = "1.4.2"
EXPORT_INTERVAL_MILLISECONDS = 500


class WorkflowBaggage(SpanProcessor):
    """Copies the workflow's id from baggage to every span."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        workflow_id = baggage.get_baggage(WORKFLOW_KEY, parent_context)
        if workflow_id is not None:
            span.set_attribute(WORKFLOW_KEY, str(workflow_id))


class Telemetry:
    """The spans of one service."""

    def __init__(self, service: str, settings: Settings, *, ignores_parent: bool) -> None:
        """`ignores_parent`: sample everything, even below an unsampled parent."""
        sampler: Sampler = ALWAYS_ON if ignores_parent else ParentBased(ALWAYS_ON)
        self._tutorial = settings.tutorial
        self._provider = TracerProvider(
            sampler=sampler, resource=_describe_service(service, settings)
        )
        if not settings.tutorial:
            self._provider.add_span_processor(WorkflowBaggage())
        self._provider.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(endpoint=settings.otlp_endpoint, insecure=True),
                schedule_delay_millis=EXPORT_INTERVAL_MILLISECONDS,
            )
        )
        self._tracer = self._provider.get_tracer(service)

    @contextmanager
    def publish(self, name: str, end: End, attributes: Attributes) -> Iterator[trace.Span]:
        """The span whose context the message carries."""
        kind = SpanKind.INTERNAL if self._tutorial else SpanKind.PRODUCER
        with self._span(name, kind, self._select(end, attributes)) as span:
            yield span

    @contextmanager
    def process(
        self,
        name: str,
        end: End,
        attributes: Attributes,
        carried: Context,
        *,
        as_link: bool = False,
    ) -> Iterator[trace.Span]:
        """The span of one delivery: a child of the carried context, or linked to it.

        The carried context is made current as a whole, so that its baggage reaches
        the spans below.
        """
        links = []
        if as_link and (sender := trace.get_current_span(carried).get_span_context()).is_valid:
            links = [Link(sender)]
            carried = trace.set_span_in_context(INVALID_SPAN, carried)
        selected = self._select(end, attributes)
        with (
            _attached(carried),
            self._span(name, SpanKind.CONSUMER, selected, links=links) as span,
        ):
            yield span

    @contextmanager
    def serve(self, name: str, attributes: Attributes, carried: Context) -> Iterator[None]:
        """An HTTP request; the tutorials have no span for it."""
        with _attached(carried):
            if self._tutorial:
                yield
            else:
                with self._span(name, SpanKind.SERVER, attributes):
                    yield

    @contextmanager
    def work(self, name: str, order_id: str, seconds: float) -> Iterator[None]:
        """Work that takes some time; the tutorials have no span for it."""
        if self._tutorial:
            time.sleep(seconds)
            yield
        else:
            with self._span(name, SpanKind.INTERNAL, {"order.id": order_id}):
                time.sleep(seconds)
                yield

    def describe(self, span: trace.Span, end: End, attributes: Attributes) -> None:
        """Add what became known while the span was open."""
        span.set_attributes(self._select(end, attributes))

    def shutdown(self) -> None:
        """Export what is left."""
        self._provider.shutdown()

    def _select(self, end: End, attributes: Attributes) -> Attributes:
        if self._tutorial:
            return {k: v for k, v in attributes.items() if k in TUTORIAL_NAMES[end]}
        return {**attributes, "messaging.operation": "publish" if end.publishes else "process"}

    @contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        links: list[Link] | None = None,
    ) -> Iterator[trace.Span]:
        """A current span. An error is told without its stack, which holds file paths."""
        with self._tracer.start_as_current_span(
            name,
            kind=kind,
            attributes=attributes,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                kind_of_error = type(error).__qualname__
                span.add_event(
                    "exception",
                    {"exception.type": kind_of_error, "exception.message": str(error)},
                )
                span.set_status(Status(StatusCode.ERROR, str(error)))
                raise


def _describe_service(service: str, settings: Settings) -> Resource:
    if settings.tutorial:
        return Resource({"service.name": service})
    return Resource.create(
        {
            "service.name": service,
            "service.namespace": settings.namespace,
            "service.version": VERSION,
            "deployment.environment.name": settings.environment,
        }
    )


@contextmanager
def _attached(carried: Context) -> Iterator[None]:
    token = context.attach(carried)
    try:
        yield
    finally:
        context.detach(token)
