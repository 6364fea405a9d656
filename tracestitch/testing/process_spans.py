"""Spans of the test's own process, from the tracer providers of OpenTelemetry's SDK.

A span processor is never taken away from its provider, so one of them serves all tests:
it hands what ends to the test that runs, and drops it between tests.
"""

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

from tracestitch.testing.inbox import Inbox
from tracestitch.testing.own_work import is_own_work
from tracestitch.testing.unset_provider import (
    is_known_api,
    telling_of_provider,
    tracing_without_provider,
)


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
            stack.enter_context(tracing_without_provider(self._own))
            stack.enter_context(telling_of_provider(self.watch_global))
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

    @property
    def sees_unset_provider(self) -> bool:
        """Whether spans are seen where no global provider is set, or is set during a test."""
        return is_known_api()

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
