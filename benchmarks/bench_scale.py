"""Several collectors and analyzers over one ClickHouse: what each role uses, and what
partitions do twice.

    python -m benchmarks.bench_scale [--spans 200000] [--partitions 1,2,4] [--rate 4000]

Starts the embedded engine (benchmarks/clickhouse_process.py) and real processes, `tracestitch
serve --role …`: two collectors, an analyzer for each partition, a web server, and sends the
orders of benchmarks/workload.py at a fixed rate. First without an analyzer, so that what
ClickHouse does for inserts and what it does for the analysis can be told apart. CPU seconds of
each role a million spans, beside what benchmarks/scale_model.py says; the clock of one machine
says nothing about many, so the lag is told for the rate only. Linux only.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx

from benchmarks.clickhouse_process import ClickHouseProcess, running_clickhouse
from benchmarks.ingest_runs import send_all, waiting_sender
from benchmarks.load_file import provide_load
from benchmarks.scale_model import MEASURED, Costs, repeated
from benchmarks.server import Server, running_server
from benchmarks.workload import SPANS_PER_REQUEST

COLLECTORS = 2
_MILLION = 1e6
_DATABASE = "bench"
_PASSES = "tracestitch_analysis_pass_seconds_count"
# Each look is a question to the engine that counts as its work.
_LOOK_SECONDS = 5.0


@dataclass
class Run:
    """CPU seconds a million spans, but where said."""

    partitions: int
    """0 has no analyzer."""
    spans: int = 0
    commits: int = 0
    passes: int = 0
    """Of all analyzers."""
    collector: float = 0.0
    analyzer: float = 0.0
    engine: float = 0.0
    seconds: float = 0.0
    """The run took so long: an analyzer that has nothing to do asks once a second."""
    largest_lag: int = 0
    """Spans that were stored and not analysed, at most."""
    caught_up: float = 0.0
    """Seconds from the last acknowledgement until everything is analysed."""
    resident: dict[str, int] = field(default_factory=dict)
    """By role, bytes at the end; of several processes the largest."""


@contextmanager
def started(engine: ClickHouseProcess, directory: Path, partitions: int) -> Iterator[list[Server]]:
    """Collectors, analyzers and a web server, in this order."""
    store = {"TRACESTITCH_STORE": engine.url(_DATABASE)}
    of = {"TRACESTITCH_MAX_SIZE": "0"}
    roles = [{"TRACESTITCH_ROLE": "collector"}] * COLLECTORS
    for number in range(partitions):
        role = {"TRACESTITCH_ROLE": "analyzer"}
        if partitions > 1:
            role["TRACESTITCH_PARTITION"] = f"{number + 1}/{partitions}"
        roles.append(role)
    roles.append({"TRACESTITCH_ROLE": "web"})
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_server(directory / str(n), **store, **of, **role))
            for n, role in enumerate(roles)
        ]


class Watch:
    """How many spans wait to be analysed, at most."""

    def __init__(self, web: Server) -> None:
        self.largest, self._web, self._done = 0, web, Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            self.largest = max(self.largest, int(self._web.status()["pending_spans"]))


def measure(spans: int, partitions: int, rate: float) -> Run:
    file, requests = provide_load(spans), -(-spans // SPANS_PER_REQUEST)
    run = Run(partitions, requests * SPANS_PER_REQUEST)
    with (
        tempfile.TemporaryDirectory() as name,
        running_clickhouse(Path(name, "clickhouse")) as engine,
        started(engine, Path(name), partitions) as servers,
    ):
        collectors, analyzers = servers[:COLLECTORS], servers[COLLECTORS:-1]
        web = servers[-1]
        addresses = ",".join(collector.grpc for collector in collectors)
        options = (f"--requests={requests}", f"--rate={rate}")
        with waiting_sender(file, addresses, *options) as sender:
            used = _counters(engine, collectors, analyzers)
            begun, watch = time.perf_counter(), Watch(web)
            send_all(sender)
            sent = time.perf_counter()
            if analyzers:
                web.wait_until_analysed(run.spans)
            run.caught_up, run.seconds = time.perf_counter() - sent, time.perf_counter() - begun
            watch.stop()
            engine.settle()
            found = {n: end() - start for n, (start, end) in used.items()}
        run.collector, run.analyzer, run.engine = (
            found[name] / run.spans * _MILLION for name in ("collector", "analyzer", "engine")
        )
        run.largest_lag = watch.largest if analyzers else 0
        run.commits = int(web.status()["generation"])
        run.passes = sum(int(_metric(server, _PASSES)) for server in analyzers)
        run.resident = {
            role: max((max(server.samples.resident) for server in of), default=0)
            for role, of in (("collector", collectors), ("analyzer", analyzers), ("web", [web]))
        }
    return run


def _counters(
    engine: ClickHouseProcess, collectors: list[Server], analyzers: list[Server]
) -> dict[str, tuple[float, Callable[[], float]]]:
    """CPU seconds by role: now, and how to ask again."""

    def of(servers: list[Server]) -> Callable[[], float]:
        return lambda: sum(server.cpu_seconds() for server in servers)

    ask = {
        "collector": of(collectors),
        "analyzer": of(analyzers),
        "engine": engine.cpu_seconds,
    }
    return {name: (each(), each) for name, each in ask.items()}


def _metric(server: Server, name: str) -> float:
    """Of its own page for Prometheus."""
    text = httpx.get(f"{server.web}/metrics", timeout=60).text
    return next(
        float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} ")
    )


def predict(run: Run, costs: Costs) -> dict[str, float]:
    """What the model says that the run used, with its commits and passes."""
    analysed = run.spans * repeated(run.partitions, costs) if run.partitions else 0.0
    intake, appended = costs.append, costs.append_engine
    told = {
        "collector": costs.intake * run.spans + intake.seconds(run.spans, run.commits),
        "analyzer": costs.analysis.seconds(analysed, run.passes),
        "engine": appended.seconds(run.spans, run.commits)
        + costs.analysis_engine.seconds(analysed, run.passes),
    }
    return {name: seconds / run.spans * _MILLION for name, seconds in told.items()}


def draw_table(runs: list[Run], costs: Costs = MEASURED) -> Iterator[str]:
    """Markdown, one column a run; what the model says stands in brackets."""
    yield "| |" + "".join(f" {_title(run)} |" for run in runs)
    yield "|---|" + "---|" * len(runs)
    for name in ("collector", "analyzer", "engine"):
        cells = [f"{getattr(run, name):.1f} ({predict(run, costs)[name]:.1f})" for run in runs]
        yield f"| {name}, CPU s per million spans (model) |" + _row(cells)
    yield "| spans a commit |" + _row(f"{run.spans / run.commits:,.0f}" for run in runs)
    yield "| passes of all analyzers |" + _row(str(run.passes) for run in runs)
    yield "| most spans that waited to be analysed |" + _row(f"{r.largest_lag:,}" for r in runs)
    yield "| analysed after the last acknowledgement, s |" + _row(
        f"{r.caught_up:.1f}" for r in runs
    )
    for role in ("collector", "analyzer", "web"):
        yield f"| {role}, memory, MiB |" + _row(f"{r.resident[role] / 2**20:.0f}" for r in runs)


def _title(run: Run) -> str:
    return (
        f"{run.partitions} partition{'s' * (run.partitions != 1)}"
        if run.partitions
        else "no analyzer"
    )


def _row(cells: Iterable[str]) -> str:
    return "".join(f" {cell} |" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--partitions", default="0,1,2,4", help="0 has no analyzer")
    parser.add_argument("--rate", type=float, default=4_000, help="spans a second")
    given = parser.parse_args()
    runs = []
    for number in given.partitions.split(","):
        runs.append(measure(given.spans, int(number), given.rate))
        print(runs[-1], file=sys.stderr, flush=True)
    print("\n".join(draw_table(runs)))


if __name__ == "__main__":
    main()
