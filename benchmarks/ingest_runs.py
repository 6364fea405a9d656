"""One run of the ingest benchmark: a server, a sender, and what it took."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.load_file import read_requests
from benchmarks.processes import disk_bytes
from benchmarks.sender import EXPORT
from benchmarks.server import Server, running_server
from benchmarks.workload import SPANS_PER_REQUEST

_MILLION = 1_000_000
_PARSED_REQUESTS = 400
_COURSE = 10
WARM_STARTS = 3


@dataclass
class Run:
    """CPU figures are seconds per million spans."""

    title: str
    decoder: str
    spans: int
    spans_per_second: float
    cpu: float
    """Process tree, from before the first request until everything is analysed and the
    server has stopped, which moves everything into the store's file."""
    cpu_to_acknowledge: float
    """The same until the last acknowledgement."""
    parse: float
    """A bare protobuf parse of the same bytes, measured just before and just after."""
    waits_ms: dict[str, float]
    refusals: dict[str, int]
    resident_peak_bytes: int
    resident_course_bytes: list[int]
    """Ten moments from the first request to the end of analysis."""
    disk_bytes_per_span: float
    """All files after the stop."""
    disk_peak_bytes_per_span: float
    """All files at their largest during the run."""
    analysed_after_seconds: float
    threads: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.cpu / self.parse


@dataclass(frozen=True, order=True)
class Start:
    """From the start of the process to its first acknowledgement."""

    seconds: float
    cpu_seconds: float
    """About what it takes on an idle machine."""


@contextmanager
def waiting_sender(file: Path, address: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """It has read its file and waits for `send_all`."""
    command = [sys.executable, "-m", "benchmarks.sender", str(file), address, *options]
    sender = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert sender.stdout is not None
        if sender.stdout.readline() != "ready\n":
            raise SystemExit("The sender did not start.")
        yield sender
    finally:
        sender.kill()
        sender.communicate()


def measure_load(
    title: str, file: Path, requests: int, *options: str, profile: bool = False
) -> Run:
    """A fresh store, `requests` of the file sent with the sender's `options`."""
    spans = requests * SPANS_PER_REQUEST
    millions = spans / _MILLION
    parses = [measure_parse(file)]
    module = "benchmarks.named_threads" if profile else "tracestitch"
    with (
        tempfile.TemporaryDirectory() as name,
        running_server(Path(name), module=module) as server,
        waiting_sender(file, server.grpc, f"--requests={requests}", *options) as sender,
    ):
        threads, decoder = server.thread_seconds(), server.status()["decoder"]
        before, begun, sampled = (
            server.cpu_seconds(),
            time.perf_counter(),
            len(server.samples.resident),
        )
        answer = send_all(sender)
        acknowledged = server.cpu_seconds() - before
        server.wait_until_analysed(answer["acknowledged"] * SPANS_PER_REQUEST)
        analysed = time.perf_counter() - begun
        resident = server.samples.resident[sampled:]
        threads = _grown(threads, server.thread_seconds()) if profile else {}
        whole_life = server.stop()
        disk = disk_bytes(server.directory)
        disk_peak = max(server.samples.disk_peak, disk)
    parses.append(measure_parse(file))
    return Run(
        title=title,
        decoder=decoder,
        spans=spans,
        spans_per_second=spans / answer["seconds"],
        cpu=(whole_life - before) / millions,
        cpu_to_acknowledge=acknowledged / millions,
        parse=statistics.mean(parses),
        waits_ms={key: value for key, value in answer.items() if key.endswith("_ms")},
        refusals=answer["refusals"],
        resident_peak_bytes=max(resident),
        resident_course_bytes=_course(resident),
        disk_bytes_per_span=disk / spans,
        disk_peak_bytes_per_span=disk_peak / spans,
        analysed_after_seconds=analysed,
        threads={name: seconds / millions for name, seconds in threads.items()},
    )


def send_all(sender: "subprocess.Popen[str]") -> dict[str, Any]:
    """What it says when everything is acknowledged."""
    assert sender.stdin
    assert sender.stdout
    sender.stdin.write("go\n")
    sender.stdin.flush()
    answer: dict[str, Any] = json.loads(sender.stdout.readline() or "{}")
    if answer.get("acknowledged") != answer.get("sent") or not answer:
        raise SystemExit(f"Not everything was acknowledged: {answer or 'the sender failed'}")
    return answer


def measure_parse(file: Path) -> float:
    """CPU seconds per million spans of turning the bytes into message objects."""
    payloads = list(read_requests(file, _PARSED_REQUESTS))
    begun = time.process_time()
    for payload in payloads:
        ExportTraceServiceRequest.FromString(payload)
    return (time.process_time() - begun) / (len(payloads) * SPANS_PER_REQUEST / _MILLION)


def measure_starts(file: Path) -> dict[str, Start]:
    """Cold: no compiled modules and no store; warm: both are there, the median of three."""
    payload = next(read_requests(file, 1))
    with tempfile.TemporaryDirectory() as name:
        store, modules = Path(name, "store"), Path(name, "modules")
        cold = _measure_start(store, payload, modules)
        warm = [_measure_start(store, payload, modules) for _ in range(WARM_STARTS)]
    return {"cold": cold, "warm": sorted(warm)[WARM_STARTS // 2]}


def _measure_start(store: Path, payload: bytes, modules: Path) -> Start:
    # Compiled modules are written, whatever the environment of this process says.
    python = {"PYTHONPYCACHEPREFIX": str(modules), "PYTHONDONTWRITEBYTECODE": ""}
    begun = time.perf_counter()
    with running_server(store, **python) as server:
        _export(server, payload)
        start = Start(time.perf_counter() - begun, server.cpu_seconds())
        server.stop()
    return start


def _export(server: Server, payload: bytes) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        channel.unary_unary(EXPORT, None, None)(payload, timeout=60, wait_for_ready=True)


def _course(samples: list[int]) -> list[int]:
    """Ten of them, evenly over time, the last one included."""
    return [samples[round(at * (len(samples) - 1) / (_COURSE - 1))] for at in range(_COURSE)]


def _grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Largest first; what takes next to nothing is left out."""
    grown = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
    ordered = sorted(grown.items(), key=lambda item: -item[1])
    return {name: seconds for name, seconds in ordered if seconds >= 0.01}
