"""Rounds of `kill -9` under load on one data directory, and what must be left of it."""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pyarrow as pa

from collector.decoding import make_decoder
from collector.otlp_client import OtlpClient, ReceiverUnreachable, RequestRefused
from collector.recovery import open_keeper
from storage.engines import locate_request_log, open_store
from storage.schema import TRACE_IDS
from tests.builders import request, span
from tests.flow.servers import FREE_PORTS, SERVE, serving

SENDERS = 8
_AT_ONCE = 2_000  # traces looked up together


def spans_of(trace: int) -> int:
    """How many spans the request of a trace has: mostly few, sometimes many."""
    return 400 if trace % 17 == 0 else 1 + trace % 23


def payload(trace: int) -> bytes:
    return request(*(span(trace=trace, id=n + 1, at=n) for n in range(spans_of(trace))))


@dataclass
class Ledger:
    """What was sent, one trace a request, and which of it the server acknowledged."""

    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    rounds: int = 0


@dataclass
class Verdict:
    """What is wrong with a store; empty lists when nothing is."""

    lost: list[int]
    """Traces that were acknowledged and are not there as a whole."""
    repeated: list[int]
    """Traces with a span that is there twice."""
    partial: list[int]
    """Traces that were not acknowledged and are there in part."""
    foreign: list[int]
    """Traces that were never sent."""


def run_round(directory: Path, ledger: Ledger, chance: random.Random) -> None:
    """Starts a server, sends to it from many threads, kills it at some moment."""
    ledger.rounds += 1
    if chance.random() < 0.3:
        _kill_at_start(directory, chance.uniform(0.2, 2.5))
    numbers = count(ledger.rounds * 1_000_000)
    again = chance.sample(sorted(ledger.sent), min(20, len(ledger.sent)))
    stop = threading.Event()
    with serving(directory) as server, ThreadPoolExecutor(SENDERS) as threads:
        client = OtlpClient(server.grpc)

        def send(first: list[int]) -> None:
            for trace in _traces(first, numbers):
                if stop.is_set():
                    return
                ledger.sent.add(trace)
                try:
                    rejected = client.send(payload(trace))
                except (ReceiverUnreachable, RequestRefused):
                    continue
                assert rejected == 0
                ledger.acknowledged.add(trace)

        senders = [threads.submit(send, again[n::SENDERS]) for n in range(SENDERS)]
        time.sleep(chance.uniform(0.05, 1.5))
        server.kill()
        stop.set()
        client.close()
        for sender in senders:
            sender.result()


def _traces(first: list[int], numbers: Iterator[int]) -> Iterator[int]:
    """Some that were sent before, then new ones."""
    yield from first
    while True:
        yield next(numbers)


def _kill_at_start(directory: Path, seconds: float) -> None:
    """While it opens the store or stores what the log holds."""
    process = subprocess.Popen(
        [*SERVE, *FREE_PORTS, f"--data-dir={directory}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def judge(directory: Path, ledger: Ledger) -> Verdict:
    """Reads the whole store, once more after its request log is recovered."""
    url = f"duckdb:{directory}"
    store = open_store(url)
    try:
        open_keeper(store, make_decoder(), locate_request_log(url)).journal.close()
        held: Counter[tuple[int, int]] = Counter()
        traces = sorted(ledger.sent)
        for start in range(0, len(traces), _AT_ONCE):
            some = traces[start : start + _AT_ONCE]
            table = pa.table({"trace_hi": [0] * len(some), "trace_lo": some}, TRACE_IDS)
            found = store.spans_of(table).spans
            ids = (found[name].to_numpy().tolist() for name in ("trace_lo", "span_id"))
            held.update(zip(*ids, strict=True))
        total = store.status().spans
    finally:
        store.close()
    per_trace = Counter(trace for trace, _ in held)
    whole = {trace for trace, spans in per_trace.items() if spans == spans_of(trace)}
    return Verdict(
        lost=sorted(ledger.acknowledged - whole),
        repeated=sorted({trace for (trace, _), times in held.items() if times > 1}),
        partial=sorted(set(per_trace) - whole - ledger.acknowledged),
        foreign=[] if total == held.total() else [total - held.total()],
    )
