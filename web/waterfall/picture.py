"""What a waterfall is laid out from: spans column by column, and who hands over to whom.

Columns instead of objects, because a picture may have a hundred thousand spans of which
fifty are looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from analyzer.ancestry import NOBODY, Ancestry, SpanId, read_ancestry
from web.journeys.spans import KINDS, STATUSES
from web.journeys.stored import Stored
from web.rows import trace_hex
from web.shapes import Connection, End, Orphan, SpanRef

_ENDS: tuple[Literal["producer", "consumer"], ...] = ("producer", "consumer")
_COLUMNS = ("start_time_unix_nano", "end_time_unix_nano", "kind", "status_code")
_PARENT = ["trace_hi", "trace_lo", "parent_span_id"]


@dataclass(frozen=True, slots=True)
class Picture:
    """Spans are named by their number, connections and orphans by theirs.

    `parent` is NOBODY where it is not among the spans; where ids repeat, the first span
    with them is meant. `end` is never before `start`. `trace` and `service` number the
    distinct ones, in the order of `traces` and `services`. `ends` are producer and consumer
    of each connection, NOBODY where one is not among the spans; `orphans` tells of a span
    which orphan root it is, `candidates` of each candidate its orphan root, NOBODY where that
    is not among the spans."""

    trace: Sequence[int]
    parent: Sequence[int]
    service: Sequence[int]
    start: Sequence[int]
    end: Sequence[int]
    sends: Sequence[bool]
    failed: Sequence[bool]
    span_ids: Sequence[int]
    traces: Sequence[str]
    services: Sequence[str | None]
    connections: Sequence[Connection]
    ends: Sequence[tuple[int, int]]
    orphans: Mapping[int, int]
    candidates: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.start)


def read_picture(stored: Stored) -> Picture:
    spans = stored.spans
    ancestry = read_ancestry(spans, by_place=True)
    sizes = [past - first for first, past in ancestry.traces.values()]
    service, services = _number_services(spans, stored.batch.resources)
    start, end, kind, status = (spans[name].to_numpy() for name in _COLUMNS)
    candidates = _find_first(ancestry, (each["consumer"] for each in stored.candidates))
    roots = _find_first(ancestry, stored.orphans)
    producers, consumers = (
        _find_first(ancestry, (each[side] for each in stored.connections)) for side in _ENDS
    )
    return Picture(
        trace=np.repeat(np.arange(len(sizes)), sizes)[ancestry.rows].tolist(),
        parent=_find_parents(spans, ancestry),
        service=service,
        start=start.tolist(),
        end=np.maximum(start, end).tolist(),
        sends=(kind == KINDS.index("PRODUCER")).tolist(),
        failed=(status == STATUSES.index("ERROR")).tolist(),
        span_ids=spans["span_id"].to_numpy().tolist(),
        traces=[trace_hex(*trace) for trace in ancestry.traces],
        services=services,
        connections=stored.connections,
        ends=list(zip(producers, consumers, strict=True)),
        candidates=candidates,
        orphans={root: number for number, root in enumerate(roots) if root != NOBODY},
    )


def _find_parents(spans: pa.Table, ancestry: Ancestry) -> list[int]:
    """Of each span the number of its parent, NOBODY where that is not another one of them."""
    first, numbers = ancestry.places, np.arange(spans.num_rows)
    above = np.array(ancestry.above, np.int64)
    parents = np.where(above == NOBODY, NOBODY, first[above])[ancestry.rows]
    again = np.flatnonzero(first[ancestry.rows] != numbers)  # these may have other parents
    if len(again):
        named = (column.to_pylist() for column in spans.select(_PARENT).take(again).columns)
        ids = zip(*named, strict=True)
        rows = [None if each[2] is None else ancestry.row(each) for each in ids]
        parents[again] = [NOBODY if row is None else first[row] for row in rows]
    parents[parents == numbers] = NOBODY
    return list(parents.tolist())


def _number_services(spans: pa.Table, resources: pa.Table) -> tuple[list[int], list[str | None]]:
    """The number of each span's service, and the services by number: sorted, after none."""
    used, places = np.unique(spans["resource_id"].to_numpy(), return_inverse=True)
    columns = (resources[name].to_pylist() for name in ("resource_id", "service_name"))
    named = dict(zip(*columns, strict=True))
    names = [named.get(resource) for resource in used.tolist()]
    services = [None, *sorted({name for name in names if name is not None})]
    numbers = {name: number for number, name in enumerate(services)}
    return np.array([numbers[name] for name in names], np.int64)[places].tolist(), services


def _find_first(ancestry: Ancestry, named: Iterable[End | Orphan | SpanRef]) -> list[int]:
    """Of each the number of the first span with its ids, or NOBODY."""
    found: dict[tuple[str, str], int] = {}  # few spans may have very many hand-overs
    numbers = []
    for each in named:
        ids = each["trace_id"], each["span_id"]
        if ids not in found:
            row = ancestry.row(_read_ids(*ids))
            found[ids] = NOBODY if row is None else ancestry.places.item(row)
        numbers.append(found[ids])
    return numbers


def _read_ids(trace: str, span: str) -> SpanId:
    return int(trace[:16], 16), int(trace[16:], 16), int(span, 16)
