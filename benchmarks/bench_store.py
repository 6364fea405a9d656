"""How long the DuckDB engine takes: appends, and every read that a page uses.

    python benchmarks/bench_store.py [SPANS] [--save FILE] [--baseline FILE]

Prints the median of several runs in milliseconds, and its ratio to a saved baseline.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage import schema
from storage.contract import (
    ConnectionQuery,
    EndpointQuery,
    OrphanQuery,
    Page,
    SearchQuery,
    SpanStore,
)
from storage.engines import open_store
from storage.join_keys import KINDS, hash_key
from storage.schema import SpanBatch

U64Array = npt.NDArray[np.uint64]
I64Array = npt.NDArray[np.int64]

_BATCH = 8192
_SPANS_PER_TRACE = 8
_START = 1_760_000_000_000_000_000
_ATTRIBUTES = (
    '{{"http.request.method":"GET","http.route":"/orders/{{id}}","net.peer":"10.0.0.{0}",'
    '"messaging.system":"kafka","messaging.destination.name":"orders","order.id":{1},'
    '"user.id":"user-{2}","thread.name":"worker-{0}","code.function":"handle_order"}}'
)


def make_columns(columns: pa.Schema, rows: int, **values: object) -> pa.Table:
    """A table with the given columns, the others null or zero or empty."""
    arrays = []
    for field in columns:
        value = values.get(field.name)
        if value is None and field.nullable and field.name != "alternatives":
            arrays.append(pa.nulls(rows, field.type))
        elif isinstance(value, np.ndarray | list):
            arrays.append(pa.array(value, field.type))
        else:
            default = _default(field)
            scalar = pa.scalar(default if value is None else value, field.type)
            arrays.append(pa.array([scalar.as_py()] * rows, field.type))
    return pa.Table.from_arrays(arrays, schema=columns)


def _default(field: "pa.Field[pa.DataType]") -> object:
    if field.type == schema.TEXT:
        texts = {"attributes": "{}", "alternatives": "{}", "facts": "{}", "name": "GET /orders"}
        return texts.get(field.name, "")
    return False if field.type == schema.FLAG else 0


def make_batches(spans: int, random: np.random.Generator) -> Iterator[SpanBatch]:
    """A quarter of the spans send or process a message, an eighth have a link."""
    for first in range(0, spans, _BATCH):
        n = min(_BATCH, spans - first)
        numbers = np.arange(first, first + n)
        trace = numbers // _SPANS_PER_TRACE
        ids = {
            "trace_hi": (trace.astype(np.uint64) + 1) * np.uint64(0x9E3779B97F4A7C15),
            "trace_lo": (trace.astype(np.uint64) + 1) * np.uint64(0xC2B2AE3D27D4EB4F),
            "span_id": random.integers(1, 2**63, n, np.uint64),
            "content_hash": random.integers(0, 2**32, n, np.uint32),
        }
        order = numbers // 16
        some = np.flatnonzero(numbers % 4 == 0)
        linked = np.flatnonzero(numbers % 8 == 4)
        parts = {name: values[some] for name, values in ids.items()}
        carried = np.unique(order[some]).astype(np.uint64)
        texts = [
            _ATTRIBUTES.format(i % 250, o, i % 9973) for i, o in zip(numbers, order, strict=True)
        ]
        start = _START + numbers * 1_000_000
        yield SpanBatch(
            resources=make_columns(
                schema.RESOURCES,
                8,
                resource_id=list(range(8)),
                service_name=[f"service-{i}" for i in range(8)],
            ),
            scopes=make_columns(schema.SCOPES, 1, scope_id=[1], name="scope"),
            spans=make_columns(
                schema.SPANS,
                n,
                **ids,
                resource_id=(numbers % 8).astype(np.uint64),
                scope_id=1,
                kind=2,
                start_time_unix_nano=start,
                end_time_unix_nano=start + 500_000,
                attributes=texts,
                correlation_id=[
                    o if i % 4 == 0 else None for i, o in zip(numbers, order, strict=True)
                ],
            ),
            links=make_columns(
                schema.LINKS,
                len(linked),
                **{name: values[linked] for name, values in ids.items()},
                linked_trace_hi=ids["trace_hi"][linked - 4],
                linked_trace_lo=ids["trace_lo"][linked - 4],
                linked_span_id=1,
            ),
            events=make_columns(schema.EVENTS, 0),
            messaging=make_columns(
                schema.MESSAGING,
                len(some),
                **parts,
                part="span",
                shape_id=1,
                message_id=[f"message-{i // 8}" for i in numbers[some]],
                kafka_partition=1,
                kafka_offset=numbers[some] // 8,
            ),
            shapes=make_columns(
                schema.SHAPES, 1, shape_id=[1], system="kafka", destination_name="orders"
            ),
            correlation=make_columns(
                schema.CORRELATION,
                len(carried),
                correlation_id=carried,
                key="order.id",
                value=[str(o) for o in carried],
            ),
            keys=_make_keys(parts, numbers[some], order[some]),
        )


def _make_keys(parts: dict[str, U64Array], numbers: I64Array, order: I64Array) -> pa.Table:
    """A message id and an order id each."""
    texts = [("message", f"message-{i // 8}") for i in numbers]
    texts += [("correlation", f"order.id\0{o}") for o in order]
    twice = {name: np.concatenate([parts[name]] * 2) for name in ("trace_hi", "trace_lo")}
    return make_columns(
        schema.KEYS,
        len(texts),
        **twice,
        kind=[KINDS[kind] for kind, _ in texts],
        key_hash=[hash_key(kind, *text.split("\0")) for kind, text in texts],
    )


def fill_answers(store: SpanStore) -> None:
    """A connection for every second trace, an orphan for every tenth."""
    traces, generation = store.traces_since(0, 2**62)
    n = traces.num_rows
    hi, lo = traces["trace_hi"].to_numpy(), traces["trace_lo"].to_numpy()
    start = _START + np.arange(n) * 1_000_000
    ones = np.ones(n, np.uint64)
    services = [f"service-{i % 8}" for i in range(n)]
    common = {"service_name": services, "destination": "orders", "system": "kafka"}
    own = {"trace_hi": hi, "trace_lo": lo, "span_id": ones, "start_time_unix_nano": start}
    endpoints = make_columns(schema.ENDPOINTS, n, **own, **common, role="process")
    connections = make_columns(
        schema.CONNECTIONS,
        n,
        consumer_trace_hi=hi,
        consumer_trace_lo=lo,
        consumer_span_id=ones,
        producer_trace_hi=np.roll(hi, 1),
        producer_trace_lo=np.roll(lo, 1),
        producer_span_id=ones,
        producer_service_name=np.roll(services, 1).tolist(),
        consumer_service_name=services,
        relation="stitch",
        rule="message-id",
        confidence=0.95,
        destination="orders",
        wait_nano=start % 1_000_003,
        consumer_start_time_unix_nano=start,
    )
    orphans = make_columns(schema.ORPHANS, n, **own, **common, cause_code="S1")
    store.replace_connections(traces, endpoints, connections.take(pa.array(range(0, n, 2))))
    store.replace_orphans(traces, orphans.take(pa.array(range(0, n, 10))), generation)


def list_reads(store: SpanStore) -> dict[str, Callable[[], object]]:
    traces, _ = store.traces_since(0, 2**62)
    one, hundred = traces.slice(5, 1), traces.slice(100, 100)
    pair = (one["trace_hi"][0].as_py(), one["trace_lo"][0].as_py())
    spans = store.spans_of(hundred).spans.select(["trace_hi", "trace_lo", "span_id"])
    newest = store.status().newest_unix_nano or 0
    return {
        "status": lambda: store.status(),
        "traces_since, last": lambda: store.traces_since(store.status().generation - 1, 10_000),
        "related_traces of 100": lambda: store.related_traces(hundred, 1000),
        "analysis_input of 100": lambda: store.analysis_input(hundred),
        "spans_of 1": lambda: store.spans_of(one),
        "spans_of 100": lambda: store.spans_of(hundred),
        "spans_with_correlation": lambda: store.spans_with_correlation("order.id", "77"),
        "traces_of_span": lambda: store.traces_of_span(spans["span_id"][0].as_py()),
        "correlation_of 100": lambda: store.correlation_of(hundred),
        "recent_correlation": lambda: store.recent_correlation("order.id", 20),
        "correlation_keys": lambda: store.correlation_keys(),
        "services": lambda: store.services(),
        "search, all": lambda: store.search(SearchQuery(), Page(100)),
        "search, service": lambda: store.search(SearchQuery(service="service-3"), Page(100)),
        "search, last tenth": lambda: store.search(
            SearchQuery(start=newest - (newest - _START) // 10), Page(100)
        ),
        "search, correlation": lambda: store.search(
            SearchQuery(attributes=(("order.id", "77"),)), Page(100)
        ),
        "search, attribute": lambda: store.search(
            SearchQuery(attributes=(("user.id", "user-77"),)), Page(100)
        ),
        "connections": lambda: store.connections(ConnectionQuery(), Page(100)),
        "connections, trace": lambda: store.connections(ConnectionQuery(trace=pair), Page(100)),
        "connections_of 100": lambda: store.connections_of(hundred, "either"),
        "orphans": lambda: store.orphans(OrphanQuery(), Page(100)),
        "orphan_groups": lambda: store.orphan_groups(),
        "edges": lambda: store.edges(),
        "endpoint_facts": lambda: store.endpoint_facts(),
        "endpoints": lambda: store.endpoints(EndpointQuery(unconnected=True), 100),
        "check": lambda: store.check(),
    }


def measure(action: Callable[[], object], runs: int = 7) -> float:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def run(spans: int, directory: str) -> dict[str, float]:
    random = np.random.default_rng(1)
    store = open_store(f"duckdb:{directory}")
    times, processor, last = [], 0.0, None
    for batch in make_batches(spans, random):
        begun, used = time.perf_counter(), time.process_time()
        store.append(batch, time.time_ns())
        times.append((time.perf_counter() - begun) * 1000)
        processor += time.process_time() - used
        last = batch
    found = {
        f"append of {_BATCH}": statistics.median(times),
        f"append of {_BATCH}, slowest": max(times),
        "append, CPU ms per 1,000 spans": processor * 1_000_000 / spans,
    }
    assert last is not None
    again = last
    found["append of stored spans"] = measure(lambda: store.append(again, 0))
    begun = time.perf_counter()
    fill_answers(store)
    found["replace all answers"] = (time.perf_counter() - begun) * 1000
    for name, read in list_reads(store).items():
        found[name] = measure(read)
    begun = time.perf_counter()
    store.close()
    found["close"] = (time.perf_counter() - begun) * 1000
    begun = time.perf_counter()
    open_store(f"duckdb:{directory}").close()
    found["open and close"] = (time.perf_counter() - begun) * 1000
    size = sum(file.stat().st_size for file in Path(directory).iterdir())
    found["file, bytes per span"] = size / spans
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("spans", nargs="?", type=int, default=100_000)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--baseline", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = run(given.spans, directory)
    baseline = json.loads(given.baseline.read_text()) if given.baseline else {}
    sys.stdout.write(f"{given.spans:,} spans; milliseconds unless named otherwise\n")
    for name, value in found.items():
        ratio = f"{value / baseline[name]:8.2f}x" if baseline.get(name) else ""
        sys.stdout.write(f"{name:32}{value:10.1f}{ratio}\n")
    if given.save:
        given.save.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
