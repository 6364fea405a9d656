"""Fetching the traces that a journey runs through.

Connections are quick to read and spans are not. So the likely traces are found over
connections alone and their spans read at once; what the walk wants beyond them it gets
level by level, each step one read for all new traces.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ancestry import Ancestry, SpanId, TraceId, read_ancestry
from analyzer.journeys import Walk, drawn_handovers
from analyzer.rules import DRAWN
from storage.contract import SpanStore
from storage.results import Row, in_span_order
from storage.schema import BATCH_SCHEMAS, TRACE_IDS, SpanBatch
from web.journeys.notes import MOST_SPANS
from web.journeys.trace import drawn_rows
from web.rows import trace_table

AT_ONCE = 1_000  # traces in one read
_MOST_READS = 1_000  # of one walk: a chain of traces may never end
# How far to guess: what is read ahead in vain costs time, never the answer.
_LIKELY_TRACES = 64
_LIKELY_LEVELS = 12
_FEW = 8


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything of the traces of a journey."""

    batch: SpanBatch
    ancestry: Ancestry  # of its spans
    connections: list[Row]  # drawn, either end in the journey
    unsure: list[Row]  # all others with an end in it; one may be repeated
    complete: bool


@dataclass(frozen=True, slots=True)
class Read:
    """Traces, all connections that touch them (one may be repeated) and all that is stored of
    their spans, whose ancestry this is."""

    traces: list[TraceId]
    touching: list[Row]
    batch: SpanBatch
    ancestry: Ancestry

    def carrying(self, key: str, value: str) -> list[TraceId]:
        """Those of the traces in which a span carries the canonical key with this value,
        sorted."""
        rows = self.batch.correlation.to_pylist()
        sets = {r["correlation_id"] for r in rows if (r["key"], r["value"]) == (key, value)}
        carried = self.batch.spans["correlation_id"]
        wanted = pa.array(list(sets), carried.type)
        spans = self.batch.spans.select(TRACE_IDS.names).filter(pc.is_in(carried, wanted))
        return sorted(set(zip(*(ids.to_pylist() for ids in spans.columns), strict=True)))


def read_ahead(store: SpanStore, seeds: list[TraceId]) -> Read:
    """What a walk from these traces, AT_ONCE at most, is likely to ask for."""
    traces, touching = _likely_traces(store, seeds)
    return _read(store, traces, touching)


def follow(store: SpanStore, walk: Walk, ahead: Read | None = None) -> Reached:
    """Fetch what the walk asks for until it ends, or has seen more than MOST_SPANS. `ahead` is
    what was read for its seeds already."""
    batches: list[SpanBatch] = []
    ancestry: Ancestry | None = None
    read: set[TraceId] = set()
    connections: list[Row] = []
    seen = 0
    ahead = ahead or read_ahead(store, walk.wanted()[:AT_ONCE])
    for _ in range(_MOST_READS):
        doubtful = walk.doubtful()[:AT_ONCE]
        if doubtful:
            walk.judge(doubtful, _carrying(store, doubtful, walk.key))
        wanted = walk.wanted()[:AT_ONCE] if ahead is None else ahead.traces
        if wanted and seen <= MOST_SPANS:
            found = ahead or _read(store, wanted, _touching(store, trace_table(wanted)))
            ancestry = found.ancestry
            walk.load(wanted, found.batch, ancestry, found.touching)
            batches.append(found.batch)
            read.update(wanted)
            connections += found.touching
            seen += found.batch.spans.num_rows
        elif not doubtful:
            break
        ahead = None
    complete = not walk.wanted() and not walk.doubtful()
    unsure = [row for row in connections if row["confidence"] < DRAWN]
    joined = _joined(batches, read, frozenset(walk.traces))
    if ancestry is None or joined is not batches[-1]:
        ancestry = read_ancestry(joined.spans)
    return Reached(joined, ancestry, drawn_rows(connections), unsure, complete)


def _read(store: SpanStore, traces: list[TraceId], touching: list[Row]) -> Read:
    batch = store.spans_of(trace_table(traces), keys=False)
    return Read(traces, touching, batch, read_ancestry(batch.spans))


def _touching(store: SpanStore, traces: pa.Table) -> list[Row]:
    """Connections with an end in these traces (TRACE_IDS)."""
    return list(store.connections_of(traces, "either").to_pylist())


def _likely_traces(store: SpanStore, seeds: list[TraceId]) -> tuple[list[TraceId], list[Row]]:
    """The seeds and the traces near them, and all connections that touch these; one may be
    repeated.

    Near are those one gets to without leaving the usual: never through an end point with
    more partners than a few.
    """
    found = set(seeds)
    touching: list[Row] = []
    level = seeds
    for _ in range(_LIKELY_LEVELS):
        rows = _touching(store, trace_table(level))
        touching += rows
        level = sorted(_partners(rows) - found)
        if not level or len(found) + len(level) > max(_LIKELY_TRACES, len(seeds)):
            break
        found.update(level)
    else:
        found.difference_update(level)
    return sorted(found), touching


def _partners(connections: Iterable[Row]) -> set[TraceId]:
    by_end: dict[SpanId, set[SpanId]] = defaultdict(set)
    for producer, consumer in drawn_handovers(connections):
        by_end[producer].add(consumer)
        by_end[consumer].add(producer)
    return {span[:2] for partners in by_end.values() if len(partners) <= _FEW for span in partners}


def _carrying(store: SpanStore, traces: list[TraceId], key: str | None) -> set[TraceId]:
    rows = store.correlation_of(trace_table(traces)).to_pylist()
    return {(row["trace_hi"], row["trace_lo"]) for row in rows if row["key"] == key}


def _joined(batches: list[SpanBatch], read: set[TraceId], wanted: frozenset[TraceId]) -> SpanBatch:
    """The rows of all batches, of the traces `read`, that belong to the `wanted` ones; spans in
    the order that each batch has them in."""
    if len(batches) == 1 and read <= wanted:
        return batches[0]
    tables = {}
    for name, schema in BATCH_SCHEMAS.items():
        parts = [getattr(batch, name) for batch in batches]
        table = pa.concat_tables(parts) if parts else schema.empty_table()
        if "trace_hi" in schema.names and not read <= wanted:
            ids = zip(table["trace_hi"].to_pylist(), table["trace_lo"].to_pylist(), strict=True)
            table = table.filter(pa.array([trace in wanted for trace in ids], pa.bool_()))
        tables[name] = table
    tables["spans"] = in_span_order(tables["spans"])
    return SpanBatch(**tables)
