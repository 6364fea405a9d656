"""Why the parent of a span is not stored: the likeliest reason, in words.

trace.proto `SpanFlags` says whether the parent is remote, the trace id's form whether X-Ray
began the trace, and the other spans of the trace whether it was sampled.
"""

from collections import defaultdict
from collections.abc import Collection

import polars as pl

from analyzer.contexts import HAS_IS_REMOTE, IS_REMOTE
from analyzer.journey_traces import SpanId, TraceId
from analyzer.trace_states import has_epoch_form
from storage.schema import SpanBatch

_COLUMNS = ["trace_hi", "trace_lo", "span_id", "resource_id", "flags", "start_time_unix_nano"]
_TITLE = "The parent span is not stored"
DELETED = f"{_TITLE}: spans of this trace were deleted by retention."
LOCAL = (
    f"{_TITLE}. It is of the same process: it has not ended yet, or its exporter dropped it "
    "(queue full, process killed)."
)
MANAGED = (
    f"{_TITLE}. The trace id is in X-Ray's form: the parent may be a segment of an AWS service "
    "(API Gateway, Lambda, EventBridge), which no OpenTelemetry exporter sends."
)
BESIDE = (
    f"{_TITLE}. Earlier spans of other services in this trace are, so that it was sampled: it "
    "was dropped on the way, or is exported elsewhere."
)
UNSAMPLED = (
    f"{_TITLE}, nor is anything before it: the caller was not sampled, does not send its spans "
    "here, or they are late."
)


def explain_missing(
    batch: SpanBatch, missing: Collection[SpanId], lost: Collection[TraceId] = frozenset()
) -> dict[SpanId, str]:
    """Of these spans of whole traces a sentence each. `lost` are traces of which spans were
    deleted."""
    if not missing:
        return {}
    rows = pl.from_arrow(batch.spans.select(_COLUMNS))
    assert isinstance(rows, pl.DataFrame)  # noqa: S101 - a table never is a series
    told = rows.with_columns(epoch=has_epoch_form("trace_hi"))
    services = {row["resource_id"]: row["service_name"] for row in batch.resources.to_pylist()}
    begun: dict[TraceId, dict[str | None, int]] = defaultdict(dict)
    for row in told.iter_rows(named=True):
        first = begun[row["trace_hi"], row["trace_lo"]]
        service, start = services.get(row["resource_id"]), row["start_time_unix_nano"]
        first[service] = min(start, first.get(service, start))
    found = {}
    for row in told.iter_rows(named=True):
        span = (row["trace_hi"], row["trace_lo"], row["span_id"])
        if span in missing:
            others = begun[span[:2]].items()
            own = services.get(row["resource_id"])
            beside = any(
                start <= row["start_time_unix_nano"] for service, start in others if service != own
            )
            found[span] = _explain(
                row["flags"], lost=span[:2] in lost, epoch=row["epoch"], beside=beside
            )
    return found


def _explain(flags: int, *, lost: bool, epoch: bool, beside: bool) -> str:
    if lost:
        return DELETED
    if flags & HAS_IS_REMOTE and not flags & IS_REMOTE:
        return LOCAL
    if beside:
        return BESIDE
    return MANAGED if epoch else UNSAMPLED
