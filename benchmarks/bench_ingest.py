"""How fast a real server takes spans in, and what a million of them costs.

    python -m benchmarks.bench_ingest [--spans 200000] [--in-flight 1,8,32] [--profile] [--json]

Starts `tracestitch serve` as users do, with a fresh store for each run, and a process
that sends the workload of benchmarks/workload.py over gRPC: with 1, 8 and 32 requests in
flight, then at half the highest rate measured. The yardstick is a bare protobuf parse of
the same bytes in the same run, because machines differ. Reads /proc, so it needs Linux.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator

from benchmarks.ingest_runs import Run, Start, measure_load, measure_starts
from benchmarks.load_file import provide_load
from benchmarks.workload import SPANS_PER_REQUEST

# One request at a time is slow and needs fewer spans to be told.
_FEWER_IN_FLIGHT, _FEWER = 1, 5
_MIB = 2**20


def run_all(spans: int, in_flight: list[int], *, at_rate: bool, profile: bool) -> Iterator[Run]:
    file, requests = provide_load(spans), -(-spans // SPANS_PER_REQUEST)
    fastest = 0.0
    for number in in_flight:
        sent = max(requests // _FEWER, 1) if number <= _FEWER_IN_FLIGHT else requests
        title = f"{number} in flight"
        run = measure_load(title, file, sent, f"--in-flight={number}", profile=profile)
        fastest = max(fastest, run.spans_per_second)
        yield run
    if at_rate and fastest:
        rate = fastest / 2
        yield measure_load(f"{rate:,.0f} spans/s", file, requests, f"--rate={rate}")


def draw_table(runs: list[Run], starts: dict[str, Start]) -> Iterator[str]:
    """Markdown, one column a run."""
    yield "| |" + "".join(f" {run.title} |" for run in runs)
    yield "|---|" + "---|" * len(runs)
    for name, cells in _rows(runs):
        yield f"| {name} |" + "".join(f" {cell} |" for cell in cells)
    for kind, start in starts.items():
        yield (
            f"\nStart to first acknowledged span, {kind}:"
            f" {start.seconds:.1f} s, {start.cpu_seconds:.1f} s of CPU"
        )


def _rows(runs: list[Run]) -> Iterator[tuple[str, list[str]]]:
    yield "decoder", [run.decoder for run in runs]
    yield "spans", [f"{run.spans:,}" for run in runs]
    yield "spans/s", [f"{run.spans_per_second:,.0f}" for run in runs]
    yield "server CPU ÷ bare parse", [f"{run.ratio:.1f}" for run in runs]
    yield "server CPU, s per million spans", [f"{run.cpu:.1f}" for run in runs]
    yield "… to the last acknowledgement", [f"{run.cpu_to_acknowledge:.1f}" for run in runs]
    yield "bare parse, s per million spans", [f"{run.parse:.2f}" for run in runs]
    for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms"):
        name = f"acknowledgement {key.removesuffix('_ms')}, ms"
        yield name, [f"{run.waits_ms[key]:.0f}" for run in runs]
    yield "refused and sent again", [str(sum(run.refusals.values())) for run in runs]
    yield "analysed after, s", [f"{run.analysed_after_seconds:.1f}" for run in runs]
    yield "peak memory, MiB", [f"{run.resident_peak_bytes / _MIB:.0f}" for run in runs]
    yield (
        "memory over the run, MiB",
        [" ".join(f"{value / _MIB:.0f}" for value in run.resident_course_bytes) for run in runs],
    )
    yield "bytes a span on disk", [f"{run.disk_bytes_per_span:.1f}" for run in runs]
    yield "… at its largest", [f"{run.disk_peak_bytes_per_span:.1f}" for run in runs]


def draw_profile(run: Run) -> Iterator[str]:
    yield f"\nCPU s per million spans by thread, {run.title}:"
    for name, seconds in run.threads.items():
        yield f"  {name:16}{seconds:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--in-flight", default="1,8,32", help="such as 1,8,32")
    parser.add_argument("--no-rate", action="store_true", help="leave the fixed rate out")
    parser.add_argument("--no-starts", action="store_true", help="do not measure starts")
    parser.add_argument("--profile", action="store_true", help="CPU by thread as well")
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    given = parser.parse_args()
    in_flight = [int(number) for number in given.in_flight.split(",")]
    runs = []
    for run in run_all(given.spans, in_flight, at_rate=not given.no_rate, profile=given.profile):
        print(f"{run.title}: {run.ratio:.1f} × a parse", file=sys.stderr)
        runs.append(run)
    starts = {} if given.no_starts else measure_starts(provide_load(given.spans))
    if given.json:
        told = [dataclasses.asdict(run) | {"ratio": run.ratio} for run in runs]
        begun = {kind: dataclasses.asdict(start) for kind, start in starts.items()}
        print(json.dumps({"runs": told, "starts": begun}, indent=1))
        return
    print("\n".join(draw_table(runs, starts)))
    for run in runs:
        if run.threads:
            print("\n".join(draw_profile(run)))


if __name__ == "__main__":
    main()
