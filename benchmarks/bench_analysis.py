"""What a pass of the analysis and the questions about its answers cost with millions of
boundary spans stored.

    python -m benchmarks.bench_analysis [--spans 1000000] [--store DIR] [--json FILE] [--plot FILE]

Fills a DuckDB store through its own bulk append (benchmarks/boundary_batches.py) with the
answers beside them (benchmarks/boundary_answers.py), stops at a tenth, a fifth, half and all
of the size, and there runs real passes over 1,000, 10,000 and 50,000 new spans. With `--store`
the store is kept, and one that is there is taken as it is. Figures are CPU time of this
process; pages and addresses get the time on the clock too. Ratios are to sorting a million
random numbers in the same run. Linux only.
"""

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks.boundary_answers import fill_answers
from benchmarks.boundary_batches import BoundaryBatches
from benchmarks.boundary_orders import START, order_id, trace_ids
from benchmarks.growth_plot import Line, draw_growth
from storage.contract import SpanStore
from storage.engines import open_store
from storage.paging import encode_mark
from storage.schema import ROW_GROUP
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

NEW_SPANS = (1_000, 10_000, 50_000)
STOPS = (10, 5, 2, 1)  # parts of the whole
PASSES, RUNS = 3, 5
_ORDERS_FILE = "orders"
_ORDER_NANO = 10_000_000


@dataclass
class Growth:
    """What passes cost at one size of the store."""

    stored: int
    open_seconds: float = 0.0
    first_pass_seconds: float = 0.0
    """The first look of a new process: it reads what it needs to know of the whole store."""
    pass_seconds: dict[int, float] = field(default_factory=dict)
    """By new spans, the median."""


@dataclass
class Found:
    baseline_seconds: float
    growth: list[Growth] = field(default_factory=list)
    answers: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By address: CPU and clock, in milliseconds, medians."""
    peak_mib: float = 0.0


class FilledStore:
    """A store of orders that can be made larger."""

    def __init__(self, directory: Path) -> None:
        self._note = directory / _ORDERS_FILE
        begun = int(self._note.read_text()) if self._note.exists() else 0
        self.batches = BoundaryBatches(begun)
        opened = time.process_time()
        self.store: SpanStore = open_store(f"duckdb:{directory}")
        self.open_seconds = time.process_time() - opened
        self.spans = self.store.status().spans

    def fill(self, spans: int) -> None:
        """Up to so many spans, with answers."""
        while self.spans < spans:
            size = min(ROW_GROUP, spans - self.spans)
            generation = self.append(size)
            fill_answers(self.store, self.batches.concerned, generation)

    def append(self, spans: int) -> int:
        stored = self.store.append(self.batches.next(max(spans, 8)), time.time_ns())
        self.spans += stored.stored
        self._note.write_text(str(self.batches.begun))
        return stored.generation


class _FollowedLoop(AnalysisLoop):
    """Takes the answers that are stored for those of its rules."""

    def _follow_rules(self) -> bool:
        return True


def measure_passes(filled: FilledStore) -> Growth:
    growth = Growth(filled.spans, filled.open_seconds)
    loop = _FollowedLoop(filled.store)
    growth.first_pass_seconds = _run_pass(filled, loop, NEW_SPANS[0])
    for spans in NEW_SPANS:
        times = [_run_pass(filled, loop, spans) for _ in range(PASSES)]
        growth.pass_seconds[spans] = statistics.median(times)
    return growth


def _run_pass(filled: FilledStore, loop: AnalysisLoop, spans: int) -> float:
    filled.append(spans)
    begun = time.process_time()
    while loop.run_once():
        pass
    return time.process_time() - begun


def measure_baseline() -> float:
    numbers = np.random.default_rng(1).integers(0, 2**63, 1_000_000)
    times = []
    for _ in range(7):
        begun = time.process_time()
        np.sort(numbers)
        times.append(time.process_time() - begun)
    return statistics.median(times)


def list_addresses(orders: int) -> list[str]:
    """One of each kind; `orders` are stored."""
    middle = orders // 2
    hi, lo = trace_ids(np.array([middle]), np.array([0]))
    trace = f"{int(hi[0]):016x}{int(lo[0]):016x}"
    deep = encode_mark([START + middle * _ORDER_NANO, 0, 0, 0, 0, 0, 0, ""])
    first = START + middle * _ORDER_NANO
    filters = (
        *("", "limit=1000", f"cursor={deep}", "candidates=true", "relation=stitch"),
        *("service=service-7", "service=nobody", "destination=orders.step-3"),
        *(f"trace_id={trace}", f"from={first}&to={first + 10 * 10**9}"),
    )
    return [
        *(f"/connections?{each}" for each in filters),
        f"/journeys?attribute=order.id={order_id(middle)}",
        f"/journeys?attribute=order.id={order_id(max(orders - 2_000, 1))}",
        f"/journeys?trace_id={trace}",
        *("/orphans", "/orphans/groups", "/edges", "/status"),
    ]


async def measure_answers(store: SpanStore, addresses: list[str]) -> dict[str, tuple[float, float]]:
    found = {}
    transport = httpx.ASGITransport(create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
        for address in addresses:
            used, passed = [], []
            for _ in range(RUNS):
                processor, clock = time.process_time(), time.perf_counter()
                (await client.get(f"/api/v1{address}")).raise_for_status()
                used.append((time.process_time() - processor) * 1000)
                passed.append((time.perf_counter() - clock) * 1000)
            found[address] = (statistics.median(used), statistics.median(passed))
    return found


def run(directory: Path, spans: int) -> Found:
    found = Found(measure_baseline())
    for part in STOPS:
        filled = FilledStore(directory)
        size = spans // part
        if filled.spans <= size or part == STOPS[-1]:
            filled.fill(size)
            filled.store.reclaim()
            found.growth.append(measure_passes(filled))
            _print_growth(found, found.growth[-1])
        if part == STOPS[-1]:
            addresses = list_addresses(filled.batches.begun)
            found.answers = asyncio.run(measure_answers(filled.store, addresses))
        filled.store.close()
    found.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _print_growth(found: Found, growth: Growth) -> None:
    print(
        f"{growth.stored:,} spans stored: opened in {growth.open_seconds:.2f} s,"
        f" first pass {growth.first_pass_seconds:.2f} s",
        flush=True,
    )
    for spans, seconds in growth.pass_seconds.items():
        print(
            f"{spans:9,} new spans {seconds:8.2f} s {spans / seconds:10,.0f} spans/s"
            f" {seconds / found.baseline_seconds:8.1f} x",
            flush=True,
        )


def _print_answers(found: Found) -> None:
    print(f"{'CPU ms':>8} {'clock ms':>9} {'ratio':>7}  /api/v1")
    for address, (used, passed) in found.answers.items():
        print(f"{used:8.1f} {passed:9.1f} {used / 1000 / found.baseline_seconds:6.2f}x  {address}")
    print(f"peak memory {found.peak_mib:,.0f} MiB, what makes the spans included")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, help="a directory; kept")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--plot", type=Path, help="a file for an SVG of passes by size")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = given.store or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        found = run(directory, given.spans)
    _print_answers(found)
    if given.json:
        given.json.write_text(json.dumps(asdict(found), indent=1) + "\n")
    if given.plot:
        lines = [
            Line(f"{spans:,} new", [(g.stored, g.pass_seconds[spans]) for g in found.growth])
            for spans in NEW_SPANS
        ]
        given.plot.write_text(draw_growth(lines))


if __name__ == "__main__":
    main()
