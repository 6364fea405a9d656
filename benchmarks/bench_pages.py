"""How long every page and every API answer takes over a DuckDB store full of orders.

    python -m benchmarks.bench_pages [SPANS] [--copies N] [--store DIRECTORY]

The orders of benchmarks/workload.py are decoded, stored and analysed as the server does
it, and with `--copies` stored again as later orders (benchmarks/copies.py), which is ten
times as fast; then each address is asked in-process, the whole way from the request to its
text. Prints the first time, the median and the 95th percentile in milliseconds, the process's
CPU time of the first and the median of it, and the median's ratio to `GET /healthz` of the same
run. The first is what a reader waits for who pastes an id. A store that is there already is
asked as it is.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx

from benchmarks.copies import append_copies
from benchmarks.workload import BROKEN_EVERY, START, make_requests, order_id
from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import OrphanQuery, Page, SpanStore
from storage.engines import open_store
from storage.schema import SpanBatch
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

RUNS, WARM_UP = 20, 2
# The collector's writer groups about this many requests into a transaction.
BATCH_SPANS = 8_192
_HEALTHY, _BROKEN = 7, BROKEN_EVERY


def make_batches(spans: int) -> Iterator[SpanBatch]:
    decoder = make_decoder()
    group, size = [], 0
    for count, payload in make_requests(spans):
        group.append(payload)
        size += count
        if size >= BATCH_SPANS:
            # protobuf messages that follow one another are one message
            yield decode_request(decoder, b"".join(group)).batch
            group, size = [], 0
    if group:
        yield decode_request(decoder, b"".join(group)).batch


def fill(store: SpanStore, spans: int, copies: int) -> None:
    """Stores and analyses."""
    batches = []
    for batch in make_batches(spans // copies):
        store.append(batch, START)
        if copies > 1:
            batches.append(batch)
    analyse(store)
    status = store.status()
    apart = (status.newest_unix_nano or 0) - (status.oldest_unix_nano or 0)
    if batches:
        append_copies(store, batches, copies, apart, START)


def analyse(store: SpanStore) -> None:
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


def list_addresses(store: SpanStore) -> Iterator[str]:
    api = "/api/v1"
    root = store.orphans(OrphanQuery(), Page(limit=1)).table.to_pylist()[0]
    trace = f"{root['trace_hi']:016x}{root['trace_lo']:016x}"
    healthy, broken = (quote(f"order.id={order_id(number)}") for number in (_HEALTHY, _BROKEN))
    tenant = quote("app.tenant=tenant-7")
    yield from ("/healthz", "/readyz", "/metrics")
    yield from ("/", "/orphans", "/search", f"/traces/{trace}")
    yield from (f"/journeys?attribute={healthy}", f"/journeys?attribute={broken}")
    yield from (f"/search?attribute={healthy}", f"/search?attribute={tenant}")
    yield from ("/search?attribute=no.such%3Dthing", "/search?service=label-service")
    yield from ("/search?name_contains=nothing", "/search?problem=orphan", "/search?last=15m")
    yield from (f"/search?q={quote(order_id(_HEALTHY))}", "/search?q=nothing")
    yield from ("/destinations", "/destinations?name=stock.reserved")
    yield "/destinations?name=stock.reserved&last=15m"
    yield from (f"{api}/{name}" for name in ("status", "services", "edges", "orphans/groups"))
    yield from (f"{api}/orphans", f"{api}/orphans?limit=1000", f"{api}/orphans?cause=S1")
    yield from (f"{api}/connections", f"{api}/connections?limit=1000")
    yield from (f"{api}/connections?trace_id={trace}", f"{api}/connections?candidates=true")
    yield from (f"{api}/traces/{trace}", f"{api}/journeys?trace_id={trace}")
    yield from (f"{api}/journeys?attribute={healthy}", f"{api}/journeys?attribute={broken}")
    yield from (f"{api}/search", f"{api}/search?service=payment-service&limit=1000")
    yield from (f"{api}/search?attribute={healthy}", f"{api}/search?attribute={tenant}")
    yield from (f"{api}/destinations", f"{api}/destination?name=stock.reserved")
    yield from (f"{api}/correlation", f"{api}/correlation?key=order.id")


async def measure(
    client: httpx.AsyncClient, address: str
) -> tuple[list[float], tuple[float, float]]:
    """Milliseconds of each run, the first one in front, and CPU time: of the first, median."""
    times, used = [], []
    for _ in range(WARM_UP + RUNS):
        begun, processor = time.perf_counter(), time.process_time()
        response = await client.get(address)
        times.append((time.perf_counter() - begun) * 1000)
        used.append((time.process_time() - processor) * 1000)
        if response.status_code >= 400:
            response.raise_for_status()
    return times, (used[0], statistics.median(used[WARM_UP:]))


async def measure_all(store: SpanStore) -> None:
    transport = httpx.ASGITransport(create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
        baseline = statistics.median((await measure(client, "/healthz"))[0])
        names = ("first", "p50 ms", "p95 ms", "1st CPU", "CPU ms", "ratio")
        print(" ".join(f"{name:>8}" for name in names), " address")
        for address in list_addresses(store):
            (first, *times), (opened, processor) = await measure(client, address)
            times = sorted(times[WARM_UP - 1 :])
            p50, p95 = statistics.median(times), times[round(0.95 * (len(times) - 1))]
            print(
                f"{first:8.1f} {p50:8.1f} {p95:8.1f} {opened:8.1f} {processor:8.1f}"
                f" {p50 / baseline:8.0f}  {address}",
                flush=True,
            )


def run(spans: int, copies: int, directory: Path) -> None:
    store = open_store(f"duckdb:{directory}")
    begun = time.perf_counter()
    if store.status().spans == 0:
        fill(store, spans, copies)
    status = store.status()
    store.traces_since(status.generation, 1)  # as the analysis of a server has done: it learns
    print(
        f"{status.spans} spans in {status.traces} traces: filled in"
        f" {time.perf_counter() - begun:.1f} s"
    )
    asyncio.run(measure_all(store))
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("spans", nargs="?", type=int, default=100_000)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    if given.store is not None:
        given.store.mkdir(parents=True, exist_ok=True)
        run(given.spans, given.copies, given.store)
        return
    with tempfile.TemporaryDirectory() as directory:
        run(given.spans, given.copies, Path(directory))


if __name__ == "__main__":
    main()
