"""A process that sends a workload over gRPC and says how long the answers took.

    python -m benchmarks.sender FILE HOST:PORT[,…] [--in-flight N | --rate SPANS] [--requests N]

Reads and moves the whole file first, prints "ready", waits for a line on its standard
input, sends, and prints one JSON object. It is a process of its own so that its CPU is
not the server's. `--in-flight`: so many connections, each waiting for its answer before
it sends again. `--rate`: so many spans a second whatever the server does; the time of an
answer counts from when the request was due, so that a stall is seen by all it delays.
"""

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import grpc

from benchmarks.load_file import read_present
from benchmarks.workload import SPANS_PER_REQUEST

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RATE_CONNECTIONS = 16
_TIMEOUT_SECONDS = 60.0
_RETRY_SECONDS = 1.0
# Worth sending again (OTLP specification, "OTLP/gRPC Response").
_RETRYABLE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}

# A generic class in the stubs only.
Call: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"


class Outcome:
    """What became of the requests. Any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waits: list[float] = []
        self.refusals: Counter[str] = Counter()

    def acknowledge(self, seconds: float, reply: bytes) -> None:
        if reply:  # an ExportTraceServiceResponse with a partial success in it
            self.refuse("PARTIAL_SUCCESS")
        with self._lock:
            self.waits.append(seconds)

    def refuse(self, code: str) -> None:
        with self._lock:
            self.refusals[code] += 1


def connect(address: str) -> Call:
    """A connection of its own, as separate exporters have."""
    channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
    method: Call = channel.unary_unary(EXPORT, None, None)
    return method


def send_in_flight(addresses: list[str], payloads: list[bytes], in_flight: int) -> Outcome:
    outcome, lock, waiting = Outcome(), threading.Lock(), iter(payloads)

    def take() -> bytes | None:
        with lock:
            return next(waiting, None)

    def work(address: str) -> None:
        call = connect(address)
        while (payload := take()) is not None:
            _send(call, payload, time.perf_counter(), outcome)

    # In turn, as a load balancer deals out connections.
    dealt = (addresses[number % len(addresses)] for number in range(in_flight))
    _run_all([threading.Thread(target=work, args=(each,), daemon=True) for each in dealt])
    return outcome


def send_at_rate(addresses: list[str], payloads: list[bytes], spans_per_second: float) -> Outcome:
    outcome, interval = Outcome(), SPANS_PER_REQUEST / spans_per_second
    calls = [connect(addresses[number % len(addresses)]) for number in range(RATE_CONNECTIONS)]
    begun = time.perf_counter()
    threads = []
    for index, payload in enumerate(payloads):
        due = begun + index * interval
        time.sleep(max(0.0, due - time.perf_counter()))
        call = calls[index % RATE_CONNECTIONS]
        thread = threading.Thread(target=_send, args=(call, payload, due, outcome), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    return outcome


def _send(call: Call, payload: bytes, due: float, outcome: Outcome) -> None:
    """Until it is acknowledged, as an exporter with retries does."""
    while True:
        try:
            reply = call(payload, timeout=_TIMEOUT_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            outcome.refuse(code.name)
            if code not in _RETRYABLE:
                return
            time.sleep(_RETRY_SECONDS)
        else:
            outcome.acknowledge(time.perf_counter() - due, reply)
            return


def _run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def summarise(waits: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(waits)
    return {f"{name}_ms": 1000 * value for name, value in _percentiles(ordered)}


def _percentiles(ordered: list[float]) -> Iterator[tuple[str, float]]:
    for percent in (50, 95, 99):
        yield f"p{percent}", ordered[round(percent / 100 * (len(ordered) - 1))]
    yield "max", ordered[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("addresses", type=lambda text: text.split(","))
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--rate", type=float, help="spans a second, instead of --in-flight")
    parser.add_argument("--requests", type=int, help="of the file; all if not given")
    given = parser.parse_args()
    payloads = read_present(given.file, given.requests)
    print("ready", flush=True)
    sys.stdin.readline()
    cpu, begun = time.process_time(), time.perf_counter()
    if given.rate:
        outcome = send_at_rate(given.addresses, payloads, given.rate)
    else:
        outcome = send_in_flight(given.addresses, payloads, given.in_flight)
    seconds = time.perf_counter() - begun
    print(
        json.dumps(
            {
                "sent": len(payloads),
                "acknowledged": len(outcome.waits),
                "refusals": outcome.refusals,
                "seconds": seconds,
                "sender_cpu_seconds": time.process_time() - cpu,
                **summarise(outcome.waits or [0.0]),
            }
        )
    )


if __name__ == "__main__":
    main()
