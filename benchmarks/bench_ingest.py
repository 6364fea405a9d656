"""How fast a real server takes spans over gRPC, and what each million costs.

    python -m benchmarks.bench_ingest [SPANS] [REQUESTS_IN_FLIGHT]

Starts `tracestitch serve` on free ports, sends the orders of benchmarks/workload.py and
prints spans acknowledged a second, and the server's CPU seconds per million spans until
the last acknowledgement and until the analyzer is done. The yardstick is a bare protobuf
parse of the same bytes in the same run. Reads /proc, so it needs Linux.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.workload import make_requests

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
IN_FLIGHT = 8
_READY_SECONDS, _IDLE_SECONDS, _STOP_SECONDS = 60, 600, 60
_MILLION = 1_000_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(client: httpx.Client, path: str, seconds: float) -> None:
    """Until /readyz is 200, or the status has nothing pending."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            answer = client.get(path)
            if answer.status_code == 200 and (
                path == "/readyz" or answer.json()["pending_spans"] == 0
            ):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{path} did not get there within {seconds} s.")


@contextmanager
def running_server(directory: str) -> Iterator[tuple[int, str, httpx.Client]]:
    """(process id, gRPC address, client of the web address)."""
    receiver, http, web = (f"127.0.0.1:{free_port()}" for _ in range(3))
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "tracestitch", "serve", "--data-dir", directory),
            *("--grpc-address", receiver, "--http-address", http, "--web-address", web),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://{web}") as client:
            wait_for(client, "/readyz", _READY_SECONDS)
            yield server.pid, receiver, client
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(_STOP_SECONDS)


def send_all(address: str, payloads: list[bytes], in_flight: int) -> list[float]:
    """Export every request; seconds from each request to its acknowledgement."""
    local = threading.local()

    def export(payload: bytes) -> float:
        if not hasattr(local, "call"):
            # a connection each, as separate exporters have
            channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
            local.call = channel.unary_unary(EXPORT, None, None)
        begun = time.perf_counter()
        reply = local.call(payload, timeout=60, wait_for_ready=True)
        if reply:
            raise SystemExit(f"The server rejected spans: {reply!r}")
        return time.perf_counter() - begun

    with ThreadPoolExecutor(in_flight) as pool:
        return sorted(pool.map(export, payloads))


def parse_all(payloads: list[bytes]) -> float:
    """CPU seconds of a bare parse."""
    begun = time.process_time()
    for payload in payloads:
        ExportTraceServiceRequest.FromString(payload)
    return time.process_time() - begun


def main() -> None:
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    in_flight = int(sys.argv[2]) if len(sys.argv) > 2 else IN_FLIGHT
    counts, payloads = (list(column) for column in zip(*make_requests(spans), strict=True))
    millions = sum(counts) / _MILLION
    yardstick = parse_all(payloads) / millions
    with (
        tempfile.TemporaryDirectory() as directory,
        running_server(directory) as (pid, receiver, client),
    ):
        before, begun = cpu_seconds(pid), time.perf_counter()
        waits = send_all(receiver, payloads, in_flight)
        seconds, acknowledged = time.perf_counter() - begun, cpu_seconds(pid) - before
        wait_for(client, "/api/v1/status", _IDLE_SECONDS)
        idle, analysed = time.perf_counter() - begun, cpu_seconds(pid) - before
        stored = client.get("/api/v1/status").json()["spans"]
    if stored != sum(counts):
        raise SystemExit(f"Sent {sum(counts)} spans, stored {stored}.")
    p95 = waits[round(0.95 * (len(waits) - 1))]
    print(f"{stored} spans, {len(payloads)} requests, {in_flight} in flight")
    print(f"acknowledged      {stored / seconds:10,.0f} spans/s")
    print(f"acknowledgement   {statistics.median(waits) * 1000:10.0f} ms p50, {p95 * 1000:.0f} p95")
    print(f"analysed after    {idle:10.1f} s")
    for title, cpu in (("to last ack", acknowledged), ("until analysed", analysed)):
        cost = cpu / millions
        print(f"CPU {title:14s}{cost:10.1f} s per million spans, {cost / yardstick:.0f} × a parse")
    print(f"bare parse        {yardstick:10.2f} s per million spans")


if __name__ == "__main__":
    main()
