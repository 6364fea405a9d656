"""What spans cost in ClickHouse: inserts, the analysis, disk, and look-ups by key.

    python -m benchmarks.bench_clickhouse [--spans 600000] [--stored 20000000] [--store DIR]

The orders of benchmarks/workload.py, decoded as a collector does it, are appended in batches
of several sizes, analysed, then copied inside the engine (benchmarks/clickhouse_copies.py)
until `--stored` spans are there, and orders chosen at random are looked up, none twice. CPU is
told of this process (collector, analyzer, web server: the client) and of the engine's process
apart; the engine's until its merges are done. The clock says something on an idle machine only.
With `--store` the store is kept, and one that is there is asked as it is. Linux only.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from benchmarks.clickhouse_copies import append_copies, copied_value
from benchmarks.clickhouse_process import ClickHouseProcess, running_clickhouse
from benchmarks.load_file import provide_load, read_requests
from benchmarks.workload import SPANS_PER_REQUEST, order_id
from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import SpanStore
from storage.engines import open_store
from storage.schema import SpanBatch
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

BATCHES = (2_048, 8_192, 65_536)
LATE = 5
LOOKUPS, WARM_UP = 100, 5
_DATABASE = "bench"
_COMMITS = 20
_SPANS_PER_ORDER = 18
_MICRO, _MILLI = 1e6, 1e3


@dataclass
class Used:
    """Seconds."""

    client: float = 0.0
    engine: float = 0.0
    clock: float = 0.0


@contextmanager
def measured(engine: ClickHouseProcess, *, settled: bool = False) -> Iterator[Used]:
    """What the block uses; with `settled` what the engine does about it afterwards, too."""
    used = Used()
    client, begun, served = time.process_time(), time.perf_counter(), engine.cpu_seconds()
    yield used
    used.client, used.clock = time.process_time() - client, time.perf_counter() - begun
    if settled:
        engine.settle()
    used.engine = engine.cpu_seconds() - served


def decode(requests: Sequence[bytes], batch_spans: int) -> list[SpanBatch]:
    """In batches of so many spans."""
    decoder, together = make_decoder(), batch_spans // SPANS_PER_REQUEST
    # protobuf messages that follow one another are one message
    groups = (requests[at : at + together] for at in range(0, len(requests), together))
    return [decode_request(decoder, b"".join(group)).batch for group in groups]


def fill(engine: ClickHouseProcess, requests: Sequence[bytes], batch_spans: int) -> SpanStore:
    """A new store of these spans; says what they cost."""
    engine.run(f"DROP DATABASE IF EXISTS {_DATABASE}")
    store = open_store(engine.url(_DATABASE))
    batches = decode(requests, batch_spans)
    with measured(engine, settled=True) as used:
        for batch in batches:
            store.append(batch, time.time_ns())
    stored = store.status().spans
    print(
        f"append of {batch_spans:>6}: client {used.client / stored * _MICRO:6.2f} µs a span,"
        f" engine {used.engine / stored * _MICRO:6.2f}",
        flush=True,
    )
    return store


def tell_disk(engine: ClickHouseProcess, title: str, spans: int) -> None:
    sizes = engine.disk_bytes(_DATABASE)
    each = ", ".join(
        f"{name} {size / spans:.1f}"
        for name, size in sorted(sizes.items(), key=lambda item: -item[1])
        if size >= spans / 10
    )
    print(f"bytes a span {title}: {sum(sizes.values()) / spans:.1f} ({each})", flush=True)


def tell_analysis(engine: ClickHouseProcess, store: SpanStore, late: Sequence[bytes]) -> None:
    """All that is stored, in passes as large as they get, then a pass for each late request."""
    loop, spans = AnalysisLoop(store), store.status().spans
    with measured(engine, settled=True) as used:
        while loop.run_once():
            pass
    print(
        f"analysis: client {used.client / spans * _MICRO:.2f} µs a span,"
        f" engine {used.engine / spans * _MICRO:.2f}"
    )
    tell_disk(engine, "with answers", spans)
    passes = []
    for batch in decode(late, SPANS_PER_REQUEST):
        store.append(batch, time.time_ns())
        with measured(engine) as used:
            loop.run_once()
        passes.append(used)
    client, served = (
        statistics.median(getattr(used, of) for used in passes) for of in ("client", "engine")
    )
    print(f"a pass over {SPANS_PER_REQUEST}: client {client:.2f} s, engine {served:.2f}")


def build(engine: ClickHouseProcess, spans: int, stored: int) -> None:
    file = provide_load(spans + LATE * SPANS_PER_REQUEST)
    requests = list(read_requests(file, -(-spans // SPANS_PER_REQUEST) + LATE))
    requests, late = requests[:-LATE], requests[-LATE:]
    for size in BATCHES[:-1]:
        fill(engine, requests[: size * _COMMITS // SPANS_PER_REQUEST], size).close()
    with closing(fill(engine, requests, BATCHES[-1])) as store:
        count = store.status().spans
        tell_disk(engine, "without answers", count)
        tell_analysis(engine, store, late)
        status = store.status()
        apart = (status.newest_unix_nano or 0) - (status.oldest_unix_nano or 0)
    with measured(engine, settled=True) as used:
        append_copies(engine, _DATABASE, round(stored / count_copied(spans)), apart)
    print(f"copied: engine {used.engine:.0f} s of CPU, {used.clock:.0f} s", flush=True)


def count_copied(spans: int) -> int:
    """Spans of a store before it is copied."""
    return (-(-spans // SPANS_PER_REQUEST) + LATE) * SPANS_PER_REQUEST


def choose_values(stored: int, base: int, seed: int = 1) -> Iterator[str]:
    """Order ids of random orders of random copies, none twice."""
    chosen, choice = set(), random.Random(seed)
    while True:
        order = (
            choice.randrange(1, base // _SPANS_PER_ORDER),
            choice.randrange(round(stored / base)),
        )
        if order not in chosen:
            chosen.add(order)
            yield copied_value(order_id(order[0]), order[1])


async def look_up(
    engine: ClickHouseProcess, title: str, ask: Callable[[], Awaitable[object]]
) -> None:
    runs = []
    for number in range(WARM_UP + LOOKUPS):
        with measured(engine) as used:
            found = await ask()
        assert found, title
        if number >= WARM_UP:
            runs.append(used)
    columns = {
        "CPU": sorted((used.client + used.engine) * _MILLI for used in runs),
        "clock": sorted(used.clock * _MILLI for used in runs),
    }
    told = ", ".join(
        f"{name} p50 {values[LOOKUPS // 2]:.1f} p95 {values[LOOKUPS * 95 // 100]:.1f}"
        for name, values in columns.items()
    )
    client = statistics.median(used.client for used in runs) * _MILLI
    print(f"{title}: {told} ms (of the CPU p50 {client:.1f} is the client's)", flush=True)


async def look_up_all(engine: ClickHouseProcess, store: SpanStore, base: int, stored: int) -> None:
    values = choose_values(stored, base)
    transport = httpx.ASGITransport(create_app(store))

    async def traces() -> int:
        return store.spans_with_correlation("order.id", next(values)).num_rows

    async def trace() -> int:
        found = store.spans_with_correlation("order.id", next(values))
        return store.spans_of(found.select(["trace_hi", "trace_lo"]).slice(0, 1)).spans.num_rows

    async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:

        async def journey() -> bool:
            attribute = quote(f"order.id={next(values)}")
            answer = await client.get(f"/api/v1/journeys?attribute={attribute}")
            answer.raise_for_status()
            return bool(answer.json())

        await look_up(engine, "order id -> its spans", traces)
        await look_up(engine, "order id -> its spans -> one trace", trace)
        await look_up(engine, "order id -> its journey, as JSON", journey)


def tell_start(engine: ClickHouseProcess, store: SpanStore, stored: int) -> None:
    """What a collector's first append reads: the ids of all that is stored."""
    (batch,) = decode(list(read_requests(provide_load(SPANS_PER_REQUEST))), SPANS_PER_REQUEST)
    with measured(engine) as used:
        store.append(batch, time.time_ns())  # stored already: nothing changes
    print(
        f"a collector's first append: client {used.client / stored * _MICRO:.2f} µs a stored span,"
        f" engine {used.engine / stored * _MICRO:.2f}, in all {used.clock:.1f} s"
    )


def run(directory: Path, spans: int, stored: int) -> None:
    with running_clickhouse(directory) as engine:
        if not engine.rows(f"SELECT 1 FROM system.databases WHERE name = '{_DATABASE}'"):
            build(engine, spans, stored)
        with closing(open_store(engine.url(_DATABASE))) as store:
            # Not the status, which counts the traces of so large a store first.
            of = f"active AND database = '{_DATABASE}' AND table = 'spans'"
            ((rows, parts),) = engine.rows(
                f"SELECT sum(rows), count() FROM system.parts WHERE {of}"
            )
            print(f"{rows:,} spans in {parts} parts")
            asyncio.run(look_up_all(engine, store, count_copied(spans), int(rows)))
            tell_start(engine, store, int(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--spans", type=int, default=600_000)
    parser.add_argument("--stored", type=int, default=20_000_000)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    if given.store is not None:
        given.store.mkdir(parents=True, exist_ok=True)
        run(given.store, given.spans, given.stored)
        return
    with tempfile.TemporaryDirectory() as directory:
        run(Path(directory), given.spans, given.stored)


if __name__ == "__main__":
    main()
