"""How long every page and every API answer takes over a DuckDB store full of orders.

    python -m benchmarks.bench_pages [SPANS]

The orders of benchmarks/workload.py are decoded, stored and analysed as the server does
it; then each address is asked in-process, the whole way from the request to its text.
Prints the median and the 95th percentile in milliseconds, and the median's ratio to
`GET /healthz` of the same run.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx

from benchmarks.workload import BROKEN_EVERY, START, make_requests, order_id
from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import OrphanQuery, Page, SpanStore
from storage.engines import open_store
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

RUNS, WARM_UP = 20, 2
# The collector's writer groups about this many requests into a transaction.
BATCH_SPANS = 8_192
_HEALTHY, _BROKEN = 7, BROKEN_EVERY


def fill(store: SpanStore, spans: int) -> None:
    decoder = make_decoder()
    group, size = [], 0
    for count, payload in make_requests(spans):
        group.append(payload)
        size += count
        if size >= BATCH_SPANS:
            # protobuf messages that follow one another are one message
            store.append(decode_request(decoder, b"".join(group)).batch, START)
            group, size = [], 0
    if group:
        store.append(decode_request(decoder, b"".join(group)).batch, START)


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
    yield from (f"{api}/{name}" for name in ("status", "services", "edges", "orphans/groups"))
    yield from (f"{api}/orphans", f"{api}/orphans?limit=1000", f"{api}/orphans?cause=S1")
    yield from (f"{api}/connections", f"{api}/connections?limit=1000")
    yield from (f"{api}/connections?trace_id={trace}", f"{api}/connections?candidates=true")
    yield from (f"{api}/traces/{trace}", f"{api}/journeys?trace_id={trace}")
    yield from (f"{api}/journeys?attribute={healthy}", f"{api}/journeys?attribute={broken}")
    yield from (f"{api}/search", f"{api}/search?service=payment-service&limit=1000")
    yield from (f"{api}/search?attribute={healthy}", f"{api}/search?attribute={tenant}")
    yield from (f"{api}/correlation", f"{api}/correlation?key=order.id")


async def measure(client: httpx.AsyncClient, address: str) -> tuple[list[float], int]:
    """Milliseconds of each run, sorted, and the bytes of the answer as sent."""
    times, weight = [], 0
    for _ in range(WARM_UP + RUNS):
        begun = time.perf_counter()
        response = await client.get(address)
        times.append((time.perf_counter() - begun) * 1000)
        response.raise_for_status()
        weight = response.num_bytes_downloaded
    return sorted(times[WARM_UP:]), weight


async def measure_all(store: SpanStore) -> None:
    transport = httpx.ASGITransport(create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
        baseline = statistics.median((await measure(client, "/healthz"))[0])
        print(f"{'p50 ms':>8} {'p95 ms':>8} {'ratio':>8} {'kB':>8}  address")
        for address in list_addresses(store):
            times, weight = await measure(client, address)
            p50, p95 = statistics.median(times), times[round(0.95 * (len(times) - 1))]
            print(f"{p50:8.1f} {p95:8.1f} {p50 / baseline:8.0f} {weight / 1000:8.1f}  {address}")


def main() -> None:
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"duckdb:{directory}")
        begun = time.perf_counter()
        fill(store, spans)
        stored = time.perf_counter()
        analyse(store)
        status = store.status()
        print(
            f"{status.spans} spans in {status.traces} traces: decoded and stored in"
            f" {stored - begun:.1f} s, analysed in {time.perf_counter() - stored:.1f} s"
        )
        asyncio.run(measure_all(store))
        store.close()


if __name__ == "__main__":
    main()
