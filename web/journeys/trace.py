"""One trace with everything known about it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from analyzer.ancestry import TraceId
from analyzer.rules import DRAWN
from storage.contract import SpanStore
from storage.results import Row
from storage.schema import SpanBatch
from web.errors import NotFoundError
from web.journeys.candidates import stored_candidates
from web.journeys.stored import Stored, gather
from web.rows import span_id, trace_hex, trace_table
from web.shapes import CorrelationId
from web.trace_shapes import TraceAnswer


@dataclass(frozen=True, slots=True)
class FoundTrace:
    """A trace but for its spans as objects; fields as of web/trace_shapes.py."""

    trace_id: str
    stored: Stored
    correlation: list[CorrelationId]


def find_trace(
    store: SpanStore,
    trace: TraceId,
    settled_before_unix_nano: int,
    *,
    most_handovers: int | None = None,
) -> FoundTrace:
    """Connections with either end in the trace. Raises NotFoundError."""
    asked = trace_table([trace])
    batch = store.spans_of(asked, keys=False)
    if batch.spans.num_rows == 0:
        raise NotFoundError("trace_id", f"No stored span belongs to trace {trace_hex(*trace)}.")
    roots = roots_of(store, asked)
    touching = store.connections_of(asked, "either").to_pylist()
    stored = gather(
        batch,
        drawn_rows(touching),
        roots,
        settled_before_unix_nano,
        stored_candidates(roots, touching),
        LostTraces(store, asked),
        most_handovers=most_handovers,
    )
    ids: list[CorrelationId] = [{"key": key, "value": value} for key, value in carried_by(batch)]
    return FoundTrace(trace_hex(*trace), stored, ids)


def carried_by(batch: SpanBatch) -> list[tuple[str, str]]:
    """Keys and values of correlation ids that the spans carry, each pair once, sorted."""
    carried = set(batch.spans["correlation_id"].unique().to_pylist())  # reads in vain left theirs
    rows = batch.correlation.to_pylist()
    return sorted({(row["key"], row["value"]) for row in rows if row["correlation_id"] in carried})


def trace_answer(store: SpanStore, trace: TraceId, settled_before_unix_nano: int) -> TraceAnswer:
    """Everything about a trace. Raises NotFoundError."""
    asked = find_trace(store, trace, settled_before_unix_nano)
    return {
        "trace": {
            "trace_id": asked.trace_id,
            "spans": asked.stored.all_spans(),
            "connections": asked.stored.connections,
            "orphans": asked.stored.orphans,
            "correlation": asked.correlation,
            "notes": asked.stored.notes,
        }
    }


class LostTraces(Container[TraceId]):
    """Those of the traces (TRACE_IDS) of which spans were deleted. Read when asked for: only a
    span whose parent is not stored makes a difference."""

    def __init__(self, store: SpanStore, traces: pa.Table) -> None:
        self._store, self._traces = store, traces

    def __contains__(self, trace: object) -> bool:
        return trace in self._found

    @cached_property
    def _found(self) -> set[TraceId]:
        rows = self._store.losses_of(self._traces).to_pylist()
        return {(row["trace_hi"], row["trace_lo"]) for row in rows}


def drawn_rows(connections: Iterable[Row]) -> list[Row]:
    """Those that are edges, each once, by the consumer's start and the ids."""
    drawn = {
        (
            row["consumer_start_time_unix_nano"],
            span_id(row, "consumer_"),
            span_id(row, "producer_"),
            row["rule"],
        ): row
        for row in connections
        if row["confidence"] >= DRAWN
    }
    return [drawn[key] for key in sorted(drawn)]


def roots_of(store: SpanStore, traces: pa.Table) -> list[Row]:
    """Orphan roots of the traces (TRACE_IDS), by start and ids."""
    rows: list[Row] = list(store.orphans_of(traces).to_pylist())
    rows.sort(key=lambda row: (row["start_time_unix_nano"], span_id(row)))
    return rows
