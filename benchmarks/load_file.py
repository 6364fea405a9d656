"""A workload on disk: generated once, sent as often as wanted.

The file holds OTLP requests, each behind its length in four bytes, big endian (what the
Collector's file exporter writes). Whoever reads it moves all times so that the newest is
now: a store must not tell a benchmark by the age of its spans.
"""

import hashlib
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.workload import SPANS_PER_REQUEST, make_requests

_SOURCES = ("workload.py", "pipeline.py")


def provide_load(spans: int, seed: int = 1) -> Path:
    """The file of a workload of at least so many spans, made if it is not there."""
    requests = -(-spans // SPANS_PER_REQUEST)
    here = Path(__file__).parent
    version = hashlib.sha256(b"".join((here / name).read_bytes() for name in _SOURCES))
    name = f"tracestitch-load-{version.hexdigest()[:8]}-{seed}-{requests}.otlp"
    path = Path(tempfile.gettempdir()) / name
    if not path.exists():
        print(f"Generating {requests * SPANS_PER_REQUEST:,} spans, kept as {path}", file=sys.stderr)
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            for _, payload in make_requests(spans, seed=seed):
                file.write(struct.pack(">I", len(payload)) + payload)
        unfinished.rename(path)
    return path


def read_requests(path: Path, limit: int | None = None) -> Iterator[bytes]:
    """The requests as they stand in the file."""
    with path.open("rb") as file:
        left = limit
        while left != 0 and (head := file.read(4)):
            yield file.read(struct.unpack(">I", head)[0])
            left = None if left is None else left - 1


def read_present(path: Path, limit: int | None = None) -> list[bytes]:
    """The requests with their times moved to the present."""
    requests = list(read_requests(path, limit))
    newest = max(span.end_time_unix_nano for span in list_spans(_parse(requests[-1])))
    shift = time.time_ns() - newest
    return [_move(payload, shift) for payload in requests]


def list_spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _parse(payload: bytes) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(payload)


def move_times(request: ExportTraceServiceRequest, shift: int) -> None:
    """All times of all spans by so many nanoseconds."""
    for span in list_spans(request):
        span.start_time_unix_nano += shift
        span.end_time_unix_nano += shift
        for event in span.events:
            event.time_unix_nano += shift


def _move(payload: bytes, shift: int) -> bytes:
    request = _parse(payload)
    move_times(request, shift)
    return request.SerializeToString()
