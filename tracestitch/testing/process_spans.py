"""Spans of the test's own process, from the tracer providers of OpenTelemetry's SDK.

A span processor is never taken away from its provider, so one of them serves all tests:
it hands what ends to the test that runs, and drops it between tests.
"""

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

from tracestitch.testing.inbox import Inbox
from tracestitch.testing.own_work import is_own_work


class ProcessSpans(SpanProcessor):
    def __init__(self) -> None:
        self._inbox: Inbox | None = None
        self._open: dict[tuple[int, int], Span] = {}
        self._watched: weakref.WeakSet[TracerProvider] = weakref.WeakSet()
        # Whatever the environment says about sampling: a test wants to see.
        self._own = TracerProvider(sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False)
        self.watch(self._own)

    @contextmanager
    def going_to(self, inbox: Inbox) -> Iterator[None]:
        """What ends meanwhile, through the global provider: the one that is set, one that the
        application sets meanwhile, or ours while there is none."""
        self._inbox, self._open = inbox, {}
        with ExitStack() as stack:
            stack.enter_context(_tracing_without_provider(self._own))
            stack.enter_context(_telling_of_provider(self))
            self.watch_global()
            try:
                yield
            finally:
                self._inbox, self._open = None, {}

    def begun(self) -> Mapping[str, int]:
        """Names of sampled spans that began during this test and have not ended."""
        return Counter(span.name for span in list(self._open.values()))

    @property
    def is_disabled(self) -> bool:
        """Whether OTEL_SDK_DISABLED keeps the SDK from making spans."""
        return isinstance(self._own.get_tracer(__name__), trace.NoOpTracer)

    def watch(self, provider: object) -> None:
        """Raises TypeError for a provider that is not the SDK's."""
        if not isinstance(provider, TracerProvider):
            raise TypeError(
                f"{type(provider).__name__} is no TracerProvider of opentelemetry-sdk, and its"
                " spans cannot be seen; export them to `stitched.endpoint`."
            )
        if provider not in self._watched:
            self._watched.add(provider)
            provider.add_span_processor(self)

    def watch_global(self) -> None:
        """The global provider, where it is the SDK's."""
        provider = trace.get_tracer_provider()
        if isinstance(provider, TracerProvider):
            self.watch(provider)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        if self._inbox is not None and not is_own_work():
            self._open[_ids(span)] = span

    def on_end(self, span: ReadableSpan) -> None:
        self._open.pop(_ids(span), None)
        inbox = self._inbox
        context = span.get_span_context()
        if inbox is None or is_own_work() or not (context and context.trace_flags.sampled):
            return
        try:
            inbox.put(encode_spans([span]).SerializeToString())
        except Exception as error:  # noqa: BLE001 - whatever an application puts into its spans
            inbox.flaws.append(
                f"A span that ended here cannot be encoded as OTLP ({type(error).__name__}):"
                f" {span.name!r}."
            )

    def shutdown(self) -> None:
        """A provider that shuts down is nothing to the others."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        return True


def _ids(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    return (context.trace_id, context.span_id) if context else (0, 0)


@contextmanager
def _tracing_without_provider(own: TracerProvider) -> Iterator[None]:
    """Tracers of the API make spans of our provider while no global one is set. Ours is not
    set itself: an application would find it there, and not set its own."""
    original = trace.ProxyTracer._tracer

    def find_tracer(proxy: Any) -> trace.Tracer:
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            return own.get_tracer(
                proxy._instrumenting_module_name,
                proxy._instrumenting_library_version,
                proxy._schema_url,
                proxy._attributes,
            )
        tracer: trace.Tracer = original.__get__(proxy)
        return tracer

    with patch.object(trace.ProxyTracer, "_tracer", property(find_tracer)):
        yield


@contextmanager
def _telling_of_provider(process: ProcessSpans) -> Iterator[None]:
    """A provider that the application sets is watched at once: spans could end before an
    assertion looks."""
    original = trace._set_tracer_provider

    def set_and_watch(*arguments: Any, **named: Any) -> None:
        original(*arguments, **named)
        process.watch_global()

    with patch.object(trace, "_set_tracer_provider", set_and_watch):
        yield
