"""One trace as a journey sees it: who stands above whom, and which values they say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from storage.schema import SpanBatch

TraceId = tuple[int, int]
SpanId = tuple[int, int, int]

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TraceView:
    """`deliveries` are the consuming ends of drawn connections in this trace; `said` all
    values of the asked key that its spans carry. The rest is found out when asked for, which
    is of few spans of a large trace."""

    deliveries: frozenset[SpanId] = frozenset()
    said: frozenset[str] = frozenset()
    _parents: Mapping[SpanId, SpanId | None] = field(default_factory=dict)
    _carried: Mapping[SpanId, frozenset[str]] = field(default_factory=dict)
    _carriers: Sequence[SpanId] = ()
    _governors: dict[SpanId, SpanId | None] = field(default_factory=dict)
    _above: dict[SpanId, SpanId | None] = field(default_factory=dict)
    _below: dict[SpanId, set[str]] = field(default_factory=dict)

    def governor(self, span: SpanId) -> SpanId | None:
        """The delivery whose work the span is: itself or the nearest above."""
        if not self.deliveries:
            return None
        return nearest([span], self._parents, self.deliveries, self._governors).get(span)

    def said_by_send(self, span: SpanId) -> frozenset[str]:
        """Values of the span itself or its nearest ancestor that carries the key."""
        if not self._carriers:
            return _NOTHING
        carrier = nearest([span], self._parents, self._carried, self._above).get(span)
        return _NOTHING if carrier is None else self._carried[carrier]

    def said_by_delivery(self, span: SpanId) -> frozenset[str] | set[str]:
        """As `said_by_send`, else what stands in the work below the delivery."""
        said = self.said_by_send(span)
        if said or not self._carriers:
            return said
        if not self._below:
            for carrier in self._carriers:
                governor = self.governor(carrier)
                if governor is not None:
                    self._below.setdefault(governor, set()).update(self._carried[carrier])
        return self._below.get(span, _NOTHING)


def read_views(
    batch: SpanBatch, key: str | None, deliveries: Mapping[TraceId, Collection[SpanId]]
) -> dict[TraceId, TraceView]:
    """A view of each trace of the batch; `deliveries` by trace."""
    parents = read_parents(batch.spans)
    carried = _read_carried(batch, key)
    carriers: dict[TraceId, list[SpanId]] = defaultdict(list)
    said: dict[TraceId, set[str]] = defaultdict(set)
    for span, values in carried.items():
        carriers[span[:2]].append(span)
        said[span[:2]] |= values
    return {
        trace: TraceView(
            frozenset(deliveries.get(trace, ())),
            frozenset(said.get(trace, ())),
            parents,
            carried,
            carriers.get(trace, ()),
        )
        for trace in {span[:2] for span in parents}
    }


def nearest(
    spans: Iterable[SpanId],
    parents: Mapping[SpanId, SpanId | None],
    marked: Collection[SpanId],
    known: dict[SpanId, SpanId | None] | None = None,
) -> dict[SpanId, SpanId | None]:
    """Of each span the nearest marked one: itself or an ancestor. None without any, also
    for parents that run in a circle. Linear, however deep the trace. `known` is what earlier
    calls with the same parents and marks gave; it is added to."""
    found: dict[SpanId, SpanId | None] = {} if known is None else known
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
    values: dict[int, set[str]] = defaultdict(set)
    for row in batch.correlation.to_pylist():
        if row["key"] == key:
            values[row["correlation_id"]].add(row["value"])
    sets = {carried: frozenset(each) for carried, each in values.items()}
    found: dict[SpanId, frozenset[str]] = {}
    names = ("trace_hi", "trace_lo", "span_id", "correlation_id")
    columns = (batch.spans[name].to_pylist() for name in names)
    for hi, lo, span, carried in zip(*columns, strict=True):
        if carried in sets:
            ids, said = (hi, lo, span), sets[carried]
            found[ids] = found[ids] | said if ids in found else said
    return found
