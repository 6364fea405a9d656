"""Why the parent of a span is not stored: the likeliest reason, in words.

trace.proto `SpanFlags` says whether the parent is remote, the trace id's form whether X-Ray
began the trace, and the other spans of the trace whether it was sampled.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from analyzer.ancestry import NOBODY, Ancestry, SpanId, TraceId, nearest
from analyzer.contexts import HAS_IS_REMOTE, IS_REMOTE
from analyzer.trace_states import has_epoch_form
from storage.schema import SpanBatch

_IDS = ["trace_hi", "trace_lo", "span_id"]
_COLUMNS = [*_IDS, "resource_id", "flags", "start_time_unix_nano"]
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
    lost: Collection[TraceId] = frozenset(),
) -> dict[SpanId, str]:
    """Of these spans of whole traces, whose ancestry is given, a sentence each. `lost` are
    traces of which spans were deleted."""
    if not missing:
        return {}
    whole = _find_whole(ancestry)
    rows = pl.from_arrow(batch.spans.select(_COLUMNS))
    assert isinstance(rows, pl.DataFrame)  # noqa: S101 - a table never is a series
    told = rows.with_columns(epoch=has_epoch_form("trace_hi"))
    services = {row["resource_id"]: row["service_name"] for row in batch.resources.to_pylist()}
    begun: dict[TraceId, set[str | None]] = defaultdict(set)
    for row in told.iter_rows(named=True):
        span = _span(row)
        if span in whole:
            begun[span[:2]].add(services.get(row["resource_id"]))
    return {
        span: _explain(
            row["flags"],
            lost=span[:2] in lost,
            epoch=row["epoch"],
            beside=bool(begun[span[:2]] - {services.get(row["resource_id"])}),
        )
        for row in told.iter_rows(named=True)
        if (span := _span(row)) in missing
    }


def _find_whole(ancestry: Ancestry) -> set[SpanId]:
    """The spans of which every ancestor is stored, up to one without a parent."""
    rootless = ancestry.rows["parent_span_id"].is_null().to_list()
    roots = {row for row, is_root in enumerate(rootless) if is_root}
    tops = nearest(range(len(ancestry)), ancestry.above, roots)
    whole = [row for row in range(len(ancestry)) if tops[row] != NOBODY]
    return set(ancestry.rows[whole].select(_IDS).iter_rows())


def _span(row: Mapping[str, Any]) -> SpanId:
    return row["trace_hi"], row["trace_lo"], row["span_id"]


def _explain(flags: int, *, lost: bool, epoch: bool, beside: bool) -> str:
    if lost:
        return DELETED
    if flags & HAS_IS_REMOTE and not flags & IS_REMOTE:
        return LOCAL
    if beside:
        return BESIDE
    return MANAGED if epoch else UNSAMPLED
