"""The header of AWS X-Ray, `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1`.

SQS carries it beside a message's attributes, as the system attribute AWSTraceHeader.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import re

from opentelemetry.trace import SpanContext, TraceFlags

_LONGEST = 1024  # AWS writes a tenth of it
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})", re.IGNORECASE)
_PARENT = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)


def write_header(context: SpanContext) -> str:
    """The header of a valid span context. It has no place for tracestate and baggage."""
    trace_id = f"{context.trace_id:032x}"
    sampled = int(context.trace_flags.sampled)
    return f"Root=1-{trace_id[:8]}-{trace_id[8:]};Parent={context.span_id:016x};Sampled={sampled}"


def read_header(header: object) -> SpanContext | None:
    """None for what is no header, and for one without a parent. A decision about sampling
    that is left open (`Sampled=?`) counts as not sampled."""
    if not isinstance(header, str) or len(header) > _LONGEST:
        return None
    fields = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    root = _ROOT.fullmatch(fields.get("Root", ""))
    parent = _PARENT.fullmatch(fields.get("Parent", ""))
    if root is None or parent is None:
        return None
    found = SpanContext(
        trace_id=int(root[1] + root[2], 16),
        span_id=int(parent[0], 16),
        is_remote=True,
        trace_flags=TraceFlags(fields.get("Sampled") == "1"),
    )
    return found if found.is_valid else None
