"""Who stands above whom among spans, by row.

Columns instead of an object for each span: a journey may have a hundred thousand spans, of
which a few hundred hand something over.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from storage.arrays import Mask, Numbers, U64Array, begin_runs

TraceId = tuple[int, int]
SpanId = tuple[int, int, int]

NOBODY = -1
_NONE = pa.scalar(0, pa.uint64())
_IDS = ("trace_hi", "trace_lo", "span_id")


@dataclass(frozen=True, slots=True)
class Ancestry:
    """A row for each ids of spans, in their order.

    `places` are where the spans of the rows stand among all, `rows` the row of each of all.
    `named` tells which rows name a parent, `above` is the row of each one's parent, NOBODY where
    that is not among them; `traces` the first row of each trace and the one past its last."""

    places: Numbers
    rows: Numbers
    named: Mask
    above: Sequence[int]
    traces: Mapping[TraceId, tuple[int, int]]
    _span_ids: Sequence[int]

    def __len__(self) -> int:
        return len(self.above)

    def row(self, span: SpanId) -> int | None:
        first, past = self.traces.get(span[:2], (0, 0))
        found = bisect_left(self._span_ids, span[2], first, past)
        return found if found < past and self._span_ids[found] == span[2] else None


def read_ancestry(spans: pa.Table, *, by_place: bool = False) -> Ancestry:
    """`spans` have the ids, content hash and parent of SPANS at least. Of spans with the same
    ids that one counts which has the smallest content hash; `by_place` that which comes first."""
    trace_hi, trace_lo, span_ids = (spans[name].to_numpy() for name in _IDS)
    told_apart = () if by_place else (spans["content_hash"].to_numpy(),)
    order = np.lexsort((*told_apart, span_ids, trace_lo, trace_hi))
    begins = begin_runs(trace_hi[order], trace_lo[order])  # a trace
    first = begins | begin_runs(span_ids[order])  # with these ids
    places = order[first]
    rows = np.empty(len(order), np.int64)
    rows[order] = np.cumsum(first) - 1
    ids, firsts = span_ids[places], np.flatnonzero(begins[first])
    sizes = np.diff(firsts, append=len(places))
    named = spans["parent_span_id"].is_valid().to_numpy()[places]
    parents = spans["parent_span_id"].fill_null(_NONE).to_numpy()[places]
    begun = np.repeat(firsts, sizes)
    above = _find(parents, ids, begun, begun + np.repeat(sizes, sizes))
    traces = zip(trace_hi[places[firsts]].tolist(), trace_lo[places[firsts]].tolist(), strict=True)
    runs = zip(firsts.tolist(), (firsts + sizes).tolist(), strict=True)
    return Ancestry(
        places,
        rows,
        named,
        np.where(named, above, NOBODY).tolist(),
        dict(zip(traces, runs, strict=True)),
        ids.tolist(),
    )


def _find(wanted: U64Array, ids: U64Array, first: Numbers, past: Numbers) -> Numbers:
    """Of each wanted one the place where it stands in order among `ids`, from its `first` on and
    before its `past`; NOBODY where it does not. All are looked for at once."""
    ends = past
    for _ in range(int((past - first).max(initial=0)).bit_length()):
        middle = (first + past) // 2
        later = (first < past) & (ids[np.minimum(middle, len(ids) - 1)] < wanted)
        first, past = np.where(later, middle + 1, first), np.where(later, past, middle)
    held = first < ends
    held[held] = ids[first[held]] == wanted[held]
    return np.where(held, first, NOBODY)


def climb(above: Numbers) -> Numbers:
    """Of each row, given the row of its parent, where the way up ends: at its top, or in a
    circle, of which each member is where some way ends."""
    tops = np.where(above == NOBODY, np.arange(len(above)), above)
    for _ in range(len(above).bit_length()):
        tops = tops[tops]
    return tops


def nearest(
    rows: Iterable[int],
    above: Sequence[int],
    marked: Container[int],
    known: dict[int, int] | None = None,
) -> dict[int, int]:
    """Of each row the nearest marked one: itself or an ancestor. NOBODY without any, also
    for parents that run in a circle. Linear, however deep the trace. `known` is what earlier
    calls with the same parents and marks gave; it is added to."""
    found: dict[int, int] = {} if known is None else known
    for row in rows:
        path: list[int] = []
        seen: set[int] = set()
        here = row
        while here != NOBODY and here not in found and here not in marked and here not in seen:
            path.append(here)
            seen.add(here)
            here = above[here]
        end = NOBODY
        if here != NOBODY and here not in seen:
            end = found.get(here, here)
            found[here] = end
        found.update(dict.fromkeys(path, end))
    return found
