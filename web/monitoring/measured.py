"""What the server around the application has counted, as plain data for /metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.measures import Reading


@dataclass(frozen=True, slots=True)
class TransportCounts:
    """OTLP over gRPC, or over HTTP. Since the start."""

    requests: int
    request_bytes: int
    """As they arrived at the intake, after decompression."""
    refused: int


_SHOWN = {"grpc": "gRPC", "http": "HTTP"}


@dataclass(frozen=True, slots=True)
class PassTimes:
    """Passes of the analysis over new spans, since the start."""

    count: int
    seconds: float
    last_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What is None is not measured here."""

    transports: Mapping[str, TransportCounts] = field(default_factory=dict)
    http_answers: Mapping[int, int] = field(default_factory=dict)
    """Answers of the OTLP/HTTP listener by status code."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Items of other signals that arrived and are not kept, by signal."""
    pipeline: Reading | None = None
    analysis: PassTimes | None = None
    deleted: Mapping[str, int] = field(default_factory=dict)
    """Spans that retention deleted, by its reason."""
    unauthenticated: int | None = None
    """Requests without the token that is asked for, on every listener."""


def list_counters(measured: Measured) -> dict[str, int]:
    """What a person may want to see, by its title."""
    told = {
        f"requests over {_SHOWN.get(name, name)}": c.requests
        for name, c in measured.transports.items()
    }
    if measured.pipeline is not None:
        counters = measured.pipeline.counters
        told["requests refused"] = sum(measured.pipeline.refused.values())
        told["spans accepted"] = counters["spans_accepted"]
        told["spans rejected"] = counters["spans_rejected"]
        told["spans sent again and dropped"] = counters["spans_duplicate"]
    if measured.deleted:
        told["spans deleted, too old or too many"] = sum(measured.deleted.values())
    return told
