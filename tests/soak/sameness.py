"""Whether a store says what a single process says that got the same requests."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

import polars as pl
import pyarrow as pa

from storage.contract import ConnectionQuery, EndpointQuery, OrphanQuery, SpanStore
from storage.schema import CONNECTIONS, ENDPOINTS, ORPHANS, TRACE_IDS
from tests.golden.recordings import ALL, store_requests
from web.journeys.journey import journey_of_trace

_AT_ONCE = 2_000  # traces looked up together
_STAMPS = ("generation", "stored_at_unix_nano")
_SHOWN = 500  # characters of a row


def find_differences(
    store: SpanStore, requests: Sequence[bytes], journeys: int, chance: random.Random
) -> list[str]:
    """A sentence for each list that is not the same, of spans, what is under them, answers,
    and the journeys of so many traces."""
    single, _ = store_requests(requests)
    with closing(single):
        found = list(_compare_spans(store, single))
        found += _compare("end points", _endpoints(store), _endpoints(single))
        found += _compare("connections", _connections(store), _connections(single))
        found += _compare("orphan roots", _orphans(store), _orphans(single))
        traces = sorted({(row["trace_hi"], row["trace_lo"]) for row in _traces(single).to_pylist()})
        for trace in chance.sample(traces, min(journeys, len(traces))):
            told, expected = (journey_of_trace(each, trace, 0) for each in (store, single))
            if told != expected:
                found.append(f"the journey of {trace[0]:016x}{trace[1]:016x} differs")
    return found


def _compare_spans(store: SpanStore, single: SpanStore) -> Iterator[str]:
    counted, expected = store.status(), single.status()
    for name in ("spans", "traces"):
        if getattr(counted, name) != getattr(expected, name):
            yield f"{getattr(counted, name)} {name}, not {getattr(expected, name)}"
    traces = _traces(single)
    for start in range(0, traces.num_rows, _AT_ONCE):
        some = traces.slice(start, _AT_ONCE)
        told, due = store.spans_of(some), single.spans_of(some)
        for part in ("spans", "links", "events", "messaging"):
            yield from _compare(part, getattr(told, part), getattr(due, part))


def _compare(what: str, told: pa.Table, expected: pa.Table) -> Iterator[str]:
    """Order aside."""
    names = [name for name in expected.column_names if name not in _STAMPS]
    have, due = _count(told, names), _count(expected, names)
    if have != due:
        missing, extra = due - have, have - due
        yield (
            f"{what}: {missing.total()} missing, {extra.total()} too many, such as"
            f" {next(iter(missing + extra))[:_SHOWN]}"
        )


def _count(table: pa.Table, names: list[str]) -> Counter[str]:
    return Counter(repr(row) for row in pl.DataFrame(table.select(names)).rows())


def _traces(store: SpanStore) -> pa.Table:
    return store.traces_until(store.generations()[0]).select(TRACE_IDS.names)


def _endpoints(store: SpanStore) -> pa.Table:
    return store.endpoints(EndpointQuery(), ALL.limit).select(ENDPOINTS.names)


def _connections(store: SpanStore) -> pa.Table:
    candidates = ConnectionQuery(min_confidence=0.0)
    return store.connections(candidates, ALL).table.select(CONNECTIONS.names)


def _orphans(store: SpanStore) -> pa.Table:
    return store.orphans(OrphanQuery(hidden=True), ALL).table.select(ORPHANS.names)
