"""What decoding costs, beside a bare protobuf parse of the same bytes.

    python -m benchmarks.bench_decoder [--spans 250000] [--rounds 5]

CPU seconds of the calling thread for a million spans, medians over the rounds; each round
runs everything once, so that a busy machine slows all of it. Batches are sealed at the
122,880 spans that the server seals at, and dropped. The plain-Python decoder takes a tenth
of the requests in one round.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.workload import make_requests
from collector.decoded import BatchBuilder
from collector.decoding import make_decoder
from collector.python_decoder import PythonDecoder

SPANS_PER_BATCH = 122_880
_PYTHON_SHARE = 10


def cpu_of(act: Callable[[], object]) -> float:
    start = time.thread_time()
    act()
    return time.thread_time() - start


def parse(payloads: list[bytes]) -> None:
    for payload in payloads:
        ExportTraceServiceRequest.FromString(payload)


def decode(builder: BatchBuilder, payloads: list[bytes]) -> float:
    """CPU seconds for sealing alone."""
    sealing = 0.0
    for payload in payloads:
        builder.append(payload)
        if builder.spans >= SPANS_PER_BATCH:
            sealing += cpu_of(builder.seal)
    return sealing + cpu_of(builder.seal)


def measure(spans: int, rounds: int) -> Iterator[tuple[str, float, float]]:
    """(what, CPU s per million spans, ratio to the parse)."""
    requests = list(make_requests(spans))
    payloads = [payload for _, payload in requests]
    millions = sum(count for count, _ in requests) / 1e6
    decoder = make_decoder()
    builder = decoder.builder()
    decode(builder, payloads)  # the builder's memory is there afterwards
    parsing, decoding, sealing = [], [], []
    for _ in range(rounds):
        parsing.append(cpu_of(lambda: parse(payloads)))
        sealed: list[float] = []
        decoding.append(cpu_of(lambda into=sealed: into.append(decode(builder, payloads))))  # type: ignore[misc]  # mypy does not infer the default's type
        sealing += sealed
    few = requests[: len(requests) // _PYTHON_SHARE] or requests
    plain = cpu_of(lambda: decode(PythonDecoder().builder(), [payload for _, payload in few]))
    plain *= len(payloads) / len(few)
    bare = median(parsing)
    ratio = median(ours / theirs for ours, theirs in zip(decoding, parsing, strict=True))
    yield "bare parse", bare / millions, 1.0
    yield f"{decoder.name} decoder", median(decoding) / millions, ratio
    yield "of it: sealing", median(sealing) / millions, median(sealing) / bare
    yield "python decoder", plain / millions, plain / bare


def main() -> None:
    parser = argparse.ArgumentParser(description="What decoding costs.")
    parser.add_argument("--spans", type=int, default=250_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| | CPU s per million spans | ÷ bare parse |\n|---|---|---|")
    for name, seconds, ratio in measure(arguments.spans, arguments.rounds):
        print(f"| {name} | {seconds:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
