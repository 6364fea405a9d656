"""One trace as a journey sees it: who stands above whom, and which values they say."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ancestry import Ancestry, SpanId, TraceId, nearest
from storage.schema import SpanBatch

_NOTHING: frozenset[str] = frozenset()
_NONE = pa.scalar(0, pa.uint64())


@dataclass(frozen=True, slots=True)
class TraceView:
    """`deliveries` are the consuming ends of drawn connections in this trace; `said` all
    values of the asked key that its spans carry. The rest is found out when asked for, which
    is of few spans of a large trace."""

    deliveries: frozenset[SpanId] = frozenset()
    said: frozenset[str] = frozenset()
    _ancestry: Ancestry | None = None
    _carried: Mapping[int, frozenset[str]] = field(default_factory=dict)
    _carriers: Sequence[int] = ()
    _deliveries: Mapping[int, SpanId] = field(default_factory=dict)
    _governors: dict[int, int] = field(default_factory=dict)
    _above: dict[int, int] = field(default_factory=dict)
    _below: dict[SpanId, set[str]] = field(default_factory=dict)

    def governor(self, span: SpanId) -> SpanId | None:
        """The delivery whose work the span is: itself or the nearest above."""
        row = self._row(span)
        if row is None:
            return span if span in self.deliveries else None
        return self._governor(row)

    def said_by_send(self, span: SpanId) -> frozenset[str]:
        """Values of the span itself or its nearest ancestor that carries the key."""
        row = self._row(span) if self.said else None
        if row is None or self._ancestry is None:
            return _NOTHING
        carrier = nearest([row], self._ancestry.above, self._carried, self._above)[row]
        return self._carried.get(carrier, _NOTHING)

    def said_by_delivery(self, span: SpanId) -> frozenset[str] | set[str]:
        """As `said_by_send`, else what stands in the work below the delivery."""
        said = self.said_by_send(span)
        if said or not self.said:
            return said
        if not self._below:
            for row in self._carriers:
                governor = self._governor(row)
                if governor is not None:
                    self._below.setdefault(governor, set()).update(self._carried[row])
        return self._below.get(span, _NOTHING)

    def _row(self, span: SpanId) -> int | None:
        return None if self._ancestry is None else self._ancestry.row(span)

    def _governor(self, row: int) -> SpanId | None:
        if self._ancestry is None or not self._deliveries:
            return None
        found = nearest([row], self._ancestry.above, self._deliveries, self._governors)[row]
        return self._deliveries.get(found)


def read_views(
    batch: SpanBatch,
    ancestry: Ancestry,
    key: str | None,
    deliveries: Mapping[TraceId, Collection[SpanId]],
) -> dict[TraceId, TraceView]:
    """A view of each trace of the batch, whose ancestry is given; `deliveries` by trace."""
    carried = _read_carried(batch, key, ancestry)
    carriers = list(carried)
    views = {}
    for trace, (first, past) in ancestry.traces.items():
        own = deliveries.get(trace, ())
        carrying = carriers[bisect_left(carriers, first) : bisect_left(carriers, past)]
        rows = {row: span for span in own if (row := ancestry.row(span)) is not None}
        views[trace] = TraceView(
            frozenset(own),
            frozenset().union(*set(map(carried.__getitem__, carrying))),
            ancestry,
            carried,
            carrying,
            rows,
        )
    return views


def _read_carried(
    batch: SpanBatch, key: str | None, ancestry: Ancestry
) -> dict[int, frozenset[str]]:
    """By row, in order; of spans with the same ids what any of them carries."""
    values: dict[int, set[str]] = defaultdict(set)
    for row in batch.correlation.to_pylist():
        if row["key"] == key:
            values[row["correlation_id"]].add(row["value"])
    if not values:
        return {}
    sets = {carried: frozenset(each) for carried, each in values.items()}
    carried = batch.spans["correlation_id"]
    chosen = pc.is_in(carried, value_set=pa.array(list(sets), carried.type)).to_numpy()
    rows = ancestry.rows[chosen]
    order = np.argsort(rows, kind="stable")
    # without a loop of its own, because there may be a hundred thousand
    ids = carried.fill_null(_NONE).to_numpy()[chosen][order].tolist()
    told = list(map(sets.__getitem__, ids))
    numbers = rows[order].tolist()
    found = dict(zip(numbers, told, strict=True))
    if len(found) < len(numbers):
        for row, more in zip(numbers, told, strict=True):
            found[row] |= more
    return found
