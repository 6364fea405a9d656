"""Why the parent of a span is not stored: the likeliest reason, in words.

trace.proto `SpanFlags` says whether the parent is remote, the trace id's form whether X-Ray
began the trace, and the other spans of the trace whether it was sampled.
"""

from collections import defaultdict
from collections.abc import Collection, Container

import numpy as np
import polars as pl

from analyzer.ancestry import Ancestry, SpanId, TraceId, climb
from analyzer.contexts import HAS_IS_REMOTE, IS_REMOTE
from analyzer.trace_states import has_epoch_form
from storage.schema import SpanBatch

_COLUMNS = [
    *("trace_hi", "trace_lo", "span_id"),
    *("resource_id", "flags", "start_time_unix_nano"),
]
_OF_BEGUN = ("trace_hi", "trace_lo", "resource_id")
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
    f"{_TITLE}. The beginning of this trace is, in another service, so that it was sampled: "
    "the parent was dropped on the way, or is exported elsewhere."
)
UNSAMPLED = (
    f"{_TITLE}, nor is the beginning of the trace: the caller was not sampled, does not send "
    "its spans here, or they are late."
)


def explain_missing(
    batch: SpanBatch,
    ancestry: Ancestry,
    missing: Collection[SpanId],
    lost: Container[TraceId] = frozenset(),
) -> dict[SpanId, str]:
    """Of these spans of whole traces, whose ancestry is given, a sentence each. `lost` are
    traces of which spans were deleted."""
    if not missing:
        return {}
    headless = np.zeros(len(ancestry), np.bool_)
    headless[[n for span in missing if (n := ancestry.row(span)) is not None]] = True
    chosen = pl.from_arrow(
        batch.spans.select(_COLUMNS).take(np.flatnonzero(headless[ancestry.rows]))
    )
    assert isinstance(chosen, pl.DataFrame)  # noqa: S101 - a table never is a series
    told = chosen.with_columns(epoch=has_epoch_form("trace_hi"))
    services = {row["resource_id"]: row["service_name"] for row in batch.resources.to_pylist()}
    begun = _find_begun(batch, ancestry)
    reasons: dict[SpanId, str] = {}
    for row in told.iter_rows(named=True):
        trace, own = (row["trace_hi"], row["trace_lo"]), services.get(row["resource_id"])
        reasons[*trace, row["span_id"]] = _explain(
            row["flags"],
            lost=trace in lost,
            epoch=row["epoch"],
            beside=any(services.get(other) != own for other in begun[trace]),
        )
    return reasons


def _find_begun(batch: SpanBatch, ancestry: Ancestry) -> dict[TraceId, set[int]]:
    """By trace the resources of the spans of which every ancestor is stored, up to one without
    a parent."""
    tops = climb(np.array(ancestry.above, np.int64))
    spans = np.flatnonzero(~ancestry.named[tops][ancestry.rows])
    columns = (batch.spans[name].to_numpy()[spans].tolist() for name in _OF_BEGUN)
    begun: dict[TraceId, set[int]] = defaultdict(set)
    for high, low, resource in set(zip(*columns, strict=True)):
        begun[high, low].add(resource)
    return begun


def _explain(flags: int, *, lost: bool, epoch: bool, beside: bool) -> str:
    if lost:
        return DELETED
    if flags & HAS_IS_REMOTE and not flags & IS_REMOTE:
        return LOCAL
    if beside:
        return BESIDE
    return MANAGED if epoch else UNSAMPLED
