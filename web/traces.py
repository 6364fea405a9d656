"""One trace with everything known about it."""

from storage.contract import SpanStore
from web.rows import TraceId
from web.shapes import TraceAnswer


def trace_answer(store: SpanStore, trace: TraceId, settled_before_unix_nano: int) -> TraceAnswer:
    """Raises NotFoundError for a trace that is not stored."""
    raise NotImplementedError
