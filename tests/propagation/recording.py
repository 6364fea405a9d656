"""Spans that the propagation library made, and what the real analyzer says of them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from collector.decoded import decode_request
from collector.decoding import make_decoder
from tests.analysed import Analysed, analysed_batch


class Recording:
    """All spans of a test, of one service at a time: `service` says of which."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._exporter = InMemorySpanExporter()
        self._monkeypatch = monkeypatch
        self._use("shop")

    @contextmanager
    def service(self, name: str, *processors: SpanProcessor) -> Iterator[None]:
        """What the block records is of this service."""
        with self._monkeypatch.context():
            before = trace.get_tracer_provider()
            self._use(name, *processors)
            yield
            self._monkeypatch.setattr(trace, "get_tracer_provider", lambda: before)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Ended spans, the first to end first."""
        return self._exporter.get_finished_spans()

    def span(self, name: str) -> ReadableSpan:
        """The only span of that name."""
        [found] = [span for span in self.spans if span.name == name]
        return found

    @property
    def edges(self) -> dict[tuple[str, str], str]:
        """Names of both ends of every connection that is drawn -> its rule."""
        names = self._names()
        return {
            (names[producer], names[consumer]): rule
            for (producer, consumer), rule in self.analysed().edges.items()
        }

    @property
    def causes(self) -> dict[str, str]:
        """Name of every orphan root -> its cause."""
        names = self._names()
        return {names[root]: code for root, code in self.analysed().causes.items()}

    @property
    def remarks(self) -> set[str]:
        """Codes of all notes on connections."""
        notes = (json.loads(row["notes"]) for row in self.analysed().connections.values())
        return {note["code"] for each in notes for note in each if isinstance(note, dict)}

    @property
    def endpoints(self) -> dict[str, dict[str, Any]]:
        """Name of every span with an end of a hand-over -> what the analyzer says of it."""
        names = self._names()
        return {names[key]: row for key, row in self.analysed().endpoints.items()}

    def analysed(self) -> Analysed:
        request = encode_spans(self.spans).SerializeToString()
        return analysed_batch(decode_request(make_decoder(), request).batch)

    def _use(self, service: str, *processors: SpanProcessor) -> None:
        provider = TracerProvider(resource=Resource({"service.name": service}))
        for processor in (*processors, SimpleSpanProcessor(self._exporter)):
            provider.add_span_processor(processor)
        self._monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)

    def _names(self) -> dict[tuple[int, int], str]:
        return {analyzer_key(span): span.name for span in self.spans}


def context_of(span: ReadableSpan) -> SpanContext:
    found = span.get_span_context()
    assert found
    return found


def analyzer_key(span: ReadableSpan) -> tuple[int, int]:
    """As the analyzer's answers name a span: the low half of the trace id, and the span id."""
    context = context_of(span)
    return context.trace_id & 0xFFFF_FFFF_FFFF_FFFF, context.span_id
