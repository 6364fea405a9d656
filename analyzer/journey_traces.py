"""One trace as a journey sees it: who stands above whom, and which values they say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from storage.schema import SpanBatch

TraceId = tuple[int, int]
SpanId = tuple[int, int, int]

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TraceView:
    """`deliveries` are the consuming ends of drawn connections in this trace; `said` all
    values of the asked key that its spans carry."""

    deliveries: frozenset[SpanId] = frozenset()
    said: frozenset[str] = frozenset()
    _governors: Mapping[SpanId, SpanId | None] = field(default_factory=dict)
    _above: Mapping[SpanId, frozenset[str]] = field(default_factory=dict)
    _below: Mapping[SpanId, set[str]] = field(default_factory=dict)

    def governor(self, span: SpanId) -> SpanId | None:
        """The delivery whose work the span is: itself or the nearest above."""
        return self._governors.get(span)

    def said_by_send(self, span: SpanId) -> frozenset[str]:
        """Values of the span itself or its nearest ancestor that carries the key."""
        return self._above.get(span, _NOTHING)

    def said_by_delivery(self, span: SpanId) -> frozenset[str] | set[str]:
        """As `said_by_send`, else what stands in the work below the delivery."""
        return self.said_by_send(span) or self._below.get(span, _NOTHING)


def read_views(
    batch: SpanBatch, key: str | None, deliveries: Mapping[TraceId, Collection[SpanId]]
) -> dict[TraceId, TraceView]:
    """A view of each trace of the batch; `deliveries` by trace."""
    parents = read_parents(batch.spans)
    carried = _read_carried(batch, key)
    by_trace: dict[TraceId, list[SpanId]] = defaultdict(list)
    for span in parents:
        by_trace[span[:2]].append(span)
    return {
        trace: _view(spans, parents, carried, frozenset(deliveries.get(trace, ())))
        for trace, spans in by_trace.items()
    }


def _view(
    spans: list[SpanId],
    parents: Mapping[SpanId, SpanId | None],
    carried: Mapping[SpanId, frozenset[str]],
    deliveries: frozenset[SpanId],
) -> TraceView:
    governors = nearest(spans, parents, deliveries)
    carriers = nearest(spans, parents, carried)
    below: dict[SpanId, set[str]] = defaultdict(set)
    said: set[str] = set()
    for span in spans:
        if values := carried.get(span):
            said |= values
            if (governor := governors[span]) is not None:
                below[governor] |= values
    above = {span: carried[carrier] for span, carrier in carriers.items() if carrier is not None}
    return TraceView(deliveries, frozenset(said), governors, above, below)


def nearest(
    spans: Iterable[SpanId],
    parents: Mapping[SpanId, SpanId | None],
    marked: Collection[SpanId],
) -> dict[SpanId, SpanId | None]:
    """Of each span the nearest marked one: itself or an ancestor. None without any, also
    for parents that run in a circle. Linear, however deep the trace."""
    found: dict[SpanId, SpanId | None] = {}
    for span in spans:
        path: list[SpanId] = []
        seen: set[SpanId] = set()
        here: SpanId | None = span
        while here is not None and here not in found and here not in marked and here not in seen:
            path.append(here)
            seen.add(here)
            here = parents.get(here)
        if here is None or here in seen:
            end = None
        else:
            end = found.get(here, here)
            found[here] = end
        found.update(dict.fromkeys(path, end))
    return found


def find_circles(parents: Mapping[SpanId, SpanId | None]) -> set[SpanId]:
    """The spans that are ancestors of themselves. Linear."""
    done: set[SpanId] = set()
    circles: set[SpanId] = set()
    for span in parents:
        path: dict[SpanId, int] = {}
        here: SpanId | None = span
        while here is not None and here not in done and here not in path:
            path[here] = len(path)
            here = parents.get(here)
        if here is not None and here in path:
            circles.update(list(path)[path[here] :])
        done.update(path)
    return circles


def read_parents(spans: pa.Table) -> dict[SpanId, SpanId | None]:
    """Of spans with the same ids that one counts which has the smallest content hash."""
    hashes: dict[SpanId, int] = {}
    parents: dict[SpanId, SpanId | None] = {}
    names = ("trace_hi", "trace_lo", "span_id", "content_hash", "parent_span_id")
    columns = (spans[name].to_pylist() for name in names)
    for hi, lo, span, content, parent in zip(*columns, strict=True):
        ids = (hi, lo, span)
        if content <= hashes.get(ids, content):
            hashes[ids] = content
            parents[ids] = None if parent is None else (hi, lo, parent)
    return parents


def _read_carried(batch: SpanBatch, key: str | None) -> dict[SpanId, frozenset[str]]:
    sets: dict[int, set[str]] = defaultdict(set)
    for row in batch.correlation.to_pylist():
        if row["key"] == key:
            sets[row["correlation_id"]].add(row["value"])
    found: dict[SpanId, set[str]] = defaultdict(set)
    names = ("trace_hi", "trace_lo", "span_id", "correlation_id")
    columns = (batch.spans[name].to_pylist() for name in names)
    for hi, lo, span, carried in zip(*columns, strict=True):
        if carried in sets:
            found[hi, lo, span] |= sets[carried]
    return {span: frozenset(values) for span, values in found.items()}
