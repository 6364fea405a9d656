"""Whether the store stops growing at --max-size, and what deleting costs.

    python -m benchmarks.bench_retention [--max-size 400MB] [--spans 9000000] [--later]

Stores the load of `bench_ingest` over and over with new ids, analyses it, deletes, and
prints a line a batch: what is stored, what the file takes and uses, how long each took.
With `--later` the limit comes after half of the spans, when the file is larger already.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from benchmarks.workload import make_requests
from collector.decoding import make_decoder
from storage.contract import SpanStore
from storage.engines import open_store
from storage.schema import SpanBatch
from tracestitch.analysis import AnalysisLoop
from tracestitch.config import parse_size
from tracestitch.retention import RetentionLoop

BATCH = 122_880
_IDS = {
    "spans": ("trace_hi",),
    "links": ("trace_hi", "linked_trace_hi"),
    "events": ("trace_hi",),
    "messaging": ("trace_hi",),
    "keys": ("trace_hi", "key_hash"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-size", default="400MB", type=parse_size)
    parser.add_argument("--spans", default=9_000_000, type=int)
    parser.add_argument("--later", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"duckdb:{directory}")
        _run(store, given.max_size, given.spans, 0.5 if given.later else 0.0)
        store.close()


def _run(store: SpanStore, max_bytes: int, spans: int, begin: float) -> None:
    analysis = AnalysisLoop(store)
    retention = RetentionLoop(store, analysis, max_bytes=max_bytes)
    print("   stored     held   file MB   used MB    log MB  append s  analyse s  delete s")
    stored = 0
    for batch in _batches(spans):
        times = [time.perf_counter()]
        stored += store.append(batch, time.time_ns()).stored
        times.append(time.perf_counter())
        while analysis.run_once():
            pass
        times.append(time.perf_counter())
        while stored > begin * spans and retention.run_once():
            pass
        times.append(time.perf_counter())
        usage = store.usage()
        sizes = (usage.file_bytes, usage.used_bytes, usage.log_bytes)
        print(
            f"{stored:9,} {store.status().spans:8,}",
            *(f"{size / 1e6:9.1f}" for size in sizes),
            *(f"{after - before:9.2f}" for before, after in pairwise(times)),
            flush=True,
        )


def _batches(spans: int) -> Iterator[SpanBatch]:
    """Whole row groups of the same load; every id differs from one to the next."""
    builder = make_decoder().builder()
    for _, payload in make_requests(BATCH):
        builder.append(payload)
    first = builder.seal()
    for number in range(-(-spans // first.spans.num_rows)):
        yield replace(
            first, **{name: _shift(getattr(first, name), ids, number) for name, ids in _IDS.items()}
        )


def _shift(table: pa.Table, names: tuple[str, ...], number: int) -> pa.Table:
    for name in names:
        values = table[name].to_numpy() ^ np.uint64(number * 0x9E3779B97F4A7C15 % 2**64)
        position = table.column_names.index(name)
        table = table.set_column(position, table.schema.field(name), pa.array(values))
    return table


if __name__ == "__main__":
    main()
