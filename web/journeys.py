"""The journey of a correlation id or a trace (analyzer/journeys.py), fetched level by level."""

from storage.contract import SpanStore
from web.rows import TraceId
from web.shapes import JourneyAnswer


def journey_of_attribute(
    store: SpanStore, key: str, value: str, settled_before_unix_nano: int
) -> JourneyAnswer:
    """The journey of the spans that carry `key` (any spelling) with this value.

    Raises NotFoundError when nothing carries it.
    """
    raise NotImplementedError


def journey_of_trace(
    store: SpanStore, trace: TraceId, settled_before_unix_nano: int
) -> JourneyAnswer:
    """The journey that a trace belongs to; `key` and `value` are null. Raises NotFoundError."""
    raise NotImplementedError
