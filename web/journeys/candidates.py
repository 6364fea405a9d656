"""Candidates: producers that may be right and are never drawn.

Two kinds. Stitches of a confidence below 0.8 are stored with the connections; pairs
that only destination and time suggest are computed here, when somebody looks.
"""

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from analyzer.ancestry import SpanId
from analyzer.candidates import find_candidates
from analyzer.rules import DRAWN
from storage.contract import ConnectionQuery, EndpointQuery, OrphanQuery, Page, Rows, SpanStore
from storage.results import Row
from storage.schema import CONNECTIONS
from web.paging import read_page, slice_table
from web.rows import connection_object, span_id
from web.shapes import Connection

# How many open ends are compared at most, the newest first.
_COMPARED = 20_000
# Marks a cursor into the computed candidates, which follow the stored connections.
_COMPUTED = "computed-"
MOST_STORED = 8


def connections_with_candidates(store: SpanStore, query: ConnectionQuery, page: Page) -> Rows:
    """Connections of any confidence (`query.min_confidence` should be 0), then the
    computed candidates; newest first each."""
    if page.after is not None and page.after.startswith(_COMPUTED):
        mark, stored = page.after.removeprefix(_COMPUTED), None
    else:
        mark, stored = "0", read_page(lambda asked: store.connections(query, asked), page)
        if stored.next is not None:
            return stored
    room = page.limit - (0 if stored is None else stored.table.num_rows)
    rows = slice_table(guess_by_time(store, query), Page(room, mark))
    table = rows.table if stored is None else pa.concat_tables([stored.table, rows.table])
    return Rows(table, None if rows.next is None else _COMPUTED + rows.next)


def stored_candidates(roots: Iterable[Row], connections: Iterable[Row]) -> list[Connection]:
    """Of each of these orphan roots (ORPHANS) the MOST_STORED surest stored candidates, out of the
    connections of its trace, in which one may be repeated. The computed ones change with what
    else is stored, so a picture that is kept has none of them."""
    chosen: dict[SpanId, dict[tuple[object, ...], Row]] = {span_id(root): {} for root in roots}
    for row in connections:
        found = chosen.get(span_id(row, "consumer_"))
        if found is not None and row["confidence"] < DRAWN:
            found[-row["confidence"], span_id(row, "producer_"), row["rule"]] = row
    return [
        connection_object(found[each])
        for found in chosen.values()
        for each in sorted(found)[:MOST_STORED]
    ]


def guess_by_time(store: SpanStore, query: ConnectionQuery) -> pa.Table:
    """Schema CONNECTIONS: computed candidates for which the query holds.

    All open ends are compared, not only those asked for: the confidence says how many
    others there are.
    """
    orphans = store.orphans(OrphanQuery(), Page(_COMPARED)).table
    if orphans.num_rows == 0:
        return CONNECTIONS.empty_table()
    sends = store.endpoints(EndpointQuery(role="send", unconnected=True), _COMPARED)
    found = find_candidates(pl.DataFrame(orphans), pl.DataFrame(sends)).filter(_holds(query))
    newest_first = found.sort(
        "consumer_start_time_unix_nano",
        "consumer_trace_hi",
        "consumer_trace_lo",
        "consumer_span_id",
        descending=[True, False, False, False],
    )
    return newest_first.select(CONNECTIONS.names).to_arrow().cast(CONNECTIONS)


def _holds(query: ConnectionQuery) -> pl.Expr:
    start = pl.col("consumer_start_time_unix_nano")
    held = [pl.lit(value=True)]
    if query.trace is not None:
        hi, lo = (pl.lit(half, pl.UInt64) for half in query.trace)
        held.append(
            ((pl.col("producer_trace_hi") == hi) & (pl.col("producer_trace_lo") == lo))
            | ((pl.col("consumer_trace_hi") == hi) & (pl.col("consumer_trace_lo") == lo))
        )
    if query.service is not None:
        held.append(
            (pl.col("producer_service_name") == query.service)
            | (pl.col("consumer_service_name") == query.service)
        )
    if query.destination is not None:
        held.append(pl.col("destination") == query.destination)
    if query.relation is not None:
        held.append(pl.col("relation") == query.relation)
    if query.start is not None:
        held.append(start >= query.start)
    if query.end is not None:
        held.append(start < query.end)
    return pl.all_horizontal(held)
