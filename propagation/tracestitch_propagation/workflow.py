"""Baggage that every span says: the id of a workflow joins what many traces have done.

    provider.add_span_processor(BaggageSpanProcessor())
    context.attach(baggage.set_baggage("workflow.id", "onboarding-7"))

Only the chosen keys become attributes: baggage may come from anyone who may call you.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.trace import Span

from tracestitch_propagation.carriers import as_text
from tracestitch_propagation.names import cut_text

if TYPE_CHECKING:  # only the types: without the SDK nobody needs a span processor
    from opentelemetry.sdk.trace import SpanProcessor
else:
    SpanProcessor = object

WORKFLOW_KEYS = ("workflow.id",)


class BaggageSpanProcessor(SpanProcessor):
    """A span processor of the SDK that copies baggage to attributes.

    `keys` are the entries to copy, by their own names, to every span that starts where they
    are current. A value is cut at LONGEST_TEXT: every span below pays for it.
    """

    def __init__(self, keys: Collection[str] = WORKFLOW_KEYS) -> None:
        self._keys = tuple(keys)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        entries = baggage.get_all(parent_context)
        for key in self._keys:
            if key in entries and (value := as_text(str(entries[key]))) is not None:
                span.set_attribute(key, cut_text(value))

    def on_end(self, span: object) -> None:
        """Nothing is done at the end."""

    def _on_ending(self, span: object) -> None:
        """Nothing is done just before it."""

    def shutdown(self) -> None:
        """Nothing is held."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's own
        """Nothing waits."""
        return True
