"""Fetching the traces that a journey runs through, level by level: each step is one read
for all new traces."""

from dataclasses import dataclass

import pyarrow as pa

from analyzer.journey_traces import TraceId
from analyzer.journeys import Walk
from storage.contract import SpanStore
from storage.schema import BATCH_SCHEMAS, SpanBatch
from web.notes import MOST_SPANS
from web.rows import Row, trace_table
from web.traces import drawn_rows

_AT_ONCE = 1_000  # traces in one read
_MOST_READS = 1_000  # of one walk: a chain of traces may never end


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything of the traces of a journey."""

    batch: SpanBatch
    connections: list[Row]  # drawn, either end in the journey
    complete: bool


def follow(store: SpanStore, walk: Walk) -> Reached:
    """Fetch what the walk asks for until it ends, or has seen more than MOST_SPANS."""
    batches: list[SpanBatch] = []
    connections: list[Row] = []
    seen = 0
    for _ in range(_MOST_READS):
        doubtful = walk.doubtful()[:_AT_ONCE]
        if doubtful:
            walk.judge(doubtful, _carrying(store, doubtful, walk.key))
        wanted = walk.wanted()[:_AT_ONCE]
        if wanted and seen <= MOST_SPANS:
            table = trace_table(wanted)
            batch, found = store.spans_of(table), store.connections_of(table, "either")
            walk.load(wanted, batch, found)
            batches.append(batch)
            connections += found.to_pylist()
            seen += batch.spans.num_rows
        elif not doubtful:
            break
    complete = not walk.wanted() and not walk.doubtful()
    return Reached(_joined(batches, walk.traces), drawn_rows(connections), complete)


def _carrying(store: SpanStore, traces: list[TraceId], key: str | None) -> set[TraceId]:
    rows = store.correlation_of(trace_table(traces)).to_pylist()
    return {(row["trace_hi"], row["trace_lo"]) for row in rows if row["key"] == key}


def _joined(batches: list[SpanBatch], traces: list[TraceId]) -> SpanBatch:
    """The rows of all batches that belong to these traces."""
    wanted = frozenset(traces)
    tables = {}
    for name, schema in BATCH_SCHEMAS.items():
        parts = [getattr(batch, name) for batch in batches]
        table = pa.concat_tables(parts) if parts else schema.empty_table()
        if "trace_hi" in schema.names:
            ids = zip(table["trace_hi"].to_pylist(), table["trace_lo"].to_pylist(), strict=True)
            table = table.filter(pa.array([trace in wanted for trace in ids], pa.bool_()))
        tables[name] = table
    return SpanBatch(**tables)
