"""The lists of the JSON API: tables of the store in, objects of web/shapes.py out.

The pages render these same objects. Journeys stand in web/journeys/journey.py, single traces
in web/journeys/trace.py. All functions block on the store; call them from a worker thread.
"""

from dataclasses import replace

from analyzer.ancestry import TraceId
from storage.contract import ConnectionQuery, Page, SpanStore
from storage.correlation_keys import canonical_key
from web.errors import NotFoundError
from web.flow_map.edges import edges_of
from web.flow_map.remarks import EdgeRemarks
from web.journeys.candidates import connections_with_candidates
from web.paging import read_page, slice_table
from web.report.groups import OrphanFilter, orphan_rows
from web.rows import connection_object, orphan_object, trace_hex, trace_table
from web.shapes import (
    Connections,
    CorrelationValues,
    Edges,
    Orphans,
    Services,
    Status,
)
from web.site import Site


def status_answer(site: Site) -> Status:
    waiting = site.waiting_spans()  # first: what is stored meanwhile counts twice, not never
    status = site.store.status()
    return {
        "version": site.version,
        "store": status.engine,
        "decoder": site.decoder,
        "spans": status.spans,
        "traces": status.traces,
        "pending_spans": waiting + status.pending_spans,
        "oldest_unix_nano": status.oldest_unix_nano,
        "newest_unix_nano": status.newest_unix_nano,
        "generation": status.generation,
        "analysed_generation": status.analysed_generation,
        "grace_nano": site.grace_nano,
        "otlp_grpc_address": site.otlp_grpc_address,
        "rules_version": site.rules_version,
        "needs_reanalyze": site.read_otherwise(),
        "analyzers": [
            {
                "partition": str(each.partition),
                "analysed_generation": each.analysed,
                "running": each.is_held,
            }
            for each in status.partitions
        ],
    }


def connections_answer(
    store: SpanStore, query: ConnectionQuery, page: Page, *, candidates: bool = False
) -> Connections:
    """Raises NotFoundError for a trace that is not stored."""
    if candidates:
        query = replace(query, min_confidence=0.0)
        rows = connections_with_candidates(store, query, page)
    else:
        rows = read_page(lambda asked: store.connections(query, asked), page)
    if query.trace is not None and rows.table.num_rows == 0:
        require_trace(store, query.trace)
    found = [connection_object(row) for row in rows.table.to_pylist()]
    return {"connections": found, "next_cursor": rows.next}


def orphans_answer(store: SpanStore, asked: OrphanFilter, page: Page) -> Orphans:
    """`asked.query.settled_before_unix_nano` tells which roots are settled. Raises
    NotFoundError for a trace that is not stored."""
    query = asked.query
    rows = orphan_rows(store, asked, page)
    if query.trace is not None and rows.table.num_rows == 0:
        require_trace(store, query.trace)
    before = query.settled_before_unix_nano
    found = [
        orphan_object(row, settled=row["stored_at_unix_nano"] < before)
        for row in rows.table.to_pylist()
    ]
    return {"orphans": found, "next_cursor": rows.next}


def edges_answer(store: SpanStore, page: Page, remarks: EdgeRemarks | None) -> Edges:
    """The flow map, largest count first; `remarks` are None while they are worked out."""
    rows = slice_table(store.edges(), page)
    return {
        "edges": edges_of(rows.table, remarks or EdgeRemarks()),
        "notes_pending": remarks is None,
        "next_cursor": rows.next,
    }


def correlation_answer(store: SpanStore, key: str, limit: int = 100) -> CorrelationValues:
    """Recent values of a correlation key. Raises NotFoundError for a key no span carries."""
    values = store.recent_correlation(key, limit)
    if not values:
        raise NotFoundError("key", f"No stored span carries the correlation key {key}.")
    return {"key": key, "values": values}


def is_correlation_key(store: SpanStore, key: str) -> bool:
    """Whether values of the (canonical) key are indexed; others are found by scan."""
    return canonical_key(key) == key or key in store.correlation_keys()


def services_answer(store: SpanStore) -> Services:
    return {"services": store.services()}


def require_trace(store: SpanStore, trace: TraceId) -> None:
    """Raises NotFoundError unless the store holds a span of the trace."""
    if store.spans_of(trace_table([trace]), keys=False).spans.num_rows == 0:
        raise NotFoundError("trace_id", f"No stored span belongs to trace {trace_hex(*trace)}.")
