"""Messages that arrive over another destination than they were sent to: over the queue behind
a bus or topic, over the one that takes dead letters. Told by spans alone: the send names one,
the delivery another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from analyzer.rules import DRAWN
from analyzer.unreceived import EdgeKey
from storage.contract import ConnectionQuery, Page, SpanStore
from storage.destination_reads import PLACE, Place
from storage.results import EDGE_KEY, Row
from web.rows import span_id, trace_table

Routes = Mapping[EdgeKey, Sequence[Place]]

# Dead letters are rare, and mostly not of the newest sends: so many queues of them, with so
# many of their newest hand-overs each, are looked at for themselves.
_QUEUES, _LOOKED_AT = 50, 20
_CONSUMERS = ("environment", "service_namespace", *PLACE)


def read_routes(store: SpanStore, sends: pa.Table) -> Routes:
    """Of each edge that a message took which was sent to another place than it was taken from:
    all places its messages were sent to. `sends` as `SpanStore.recent_sends` gives them. Raises
    StoreError."""
    told = {*EDGE_KEY, *PLACE, *(f"consumer_{name}" for name in _CONSUMERS)} & set(
        sends.column_names
    )
    received = pl.DataFrame(sends).filter(pl.col("consumer_span_id").is_not_null())
    handed = [
        (_key_of_send(row), _place(row), _place(row, "consumer_"))
        for row in received.select("service_name", *sorted(told)).unique().iter_rows(named=True)
    ]
    routes = gather_routes(handed)
    dead = [
        edge
        for edge in store.edges().to_pylist()
        if edge["dead_letters"] and edge["producer_service_name"] and edge["destination"]
        if tuple(edge[name] for name in EDGE_KEY) not in routes
    ]
    for queue in list(dict.fromkeys(edge["destination"] for edge in dead))[:_QUEUES]:
        handed += _read_dead_letters(store, queue)
    return gather_routes(handed)


def gather_routes(handed: Iterable[tuple[EdgeKey, Place, Place]]) -> Routes:
    """Of hand-overs: their edge, where they were sent to and taken from. Pure."""
    found: dict[EdgeKey, set[Place]] = defaultdict(set)
    elsewhere = set()
    for edge, sent, taken in handed:
        if sent.destination is None or taken.destination is None:
            continue
        if _is_same(sent, taken):
            found[edge].add(taken)
        else:
            found[edge].add(sent)
            elsewhere.add(edge)
    return {edge: sorted(found[edge], key=str) for edge in sorted(elsewhere, key=str)}


def _is_same(sent: Place, taken: Place) -> bool:
    systems = {sent.system, taken.system} - {None}
    return sent.destination == taken.destination and len(systems) < 2


def _read_dead_letters(store: SpanStore, queue: str) -> list[tuple[EdgeKey, Place, Place]]:
    query = ConnectionQuery(destination=queue, min_confidence=DRAWN)
    rows = [
        row
        for row in store.connections(query, Page(_LOOKED_AT)).table.to_pylist()
        if row["dead_letter"]
    ]
    traces = sorted({span_id(row, "producer_")[:2] for row in rows})
    sends = {
        span_id(end): end
        for end in store.endpoints_of(trace_table(traces)).to_pylist()
        if end["role"] == "send"
    }
    return [
        (_key_of_connection(row), _place(sends[producer]), _place(row))
        for row in rows
        if (producer := span_id(row, "producer_")) in sends
    ]


def _place(row: Row, end: str = "") -> Place:
    return Place(*(row[f"{end}{name}"] for name in PLACE))


def _key_of_send(row: Row) -> EdgeKey:
    named: dict[str, Any] = {name: row[f"consumer_{name}"] for name in _CONSUMERS}
    named |= {"producer_service_name": row["service_name"]}
    return tuple(named[name] if name in named else row[name] for name in EDGE_KEY)


def _key_of_connection(row: Row) -> EdgeKey:
    ends = ("environment", "service_namespace")
    return tuple(row[f"consumer_{name}" if name in ends else name] for name in EDGE_KEY)
