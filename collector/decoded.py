"""What every decoder gives."""

from dataclasses import dataclass
from typing import Protocol

from storage.schema import SpanBatch


class UndecodableRequest(ValueError):
    """The bytes are no OTLP trace request. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What one request gave."""

    spans: int
    """Spans taken in."""
    rejected: int
    """Spans left out."""
    reasons: str
    """Why, for people; empty when none was."""


class BatchBuilder(Protocol):
    """Columns under construction. Not thread-safe: it has one owner."""

    spans: int
    """Spans appended since the last seal."""
    nbytes: int
    """About the memory they take."""

    def append(self, payload: bytes) -> Appended:
        """Takes in one ExportTraceServiceRequest. Bad spans are left out one by one and
        counted. Raises UndecodableRequest, and holds then what it held before."""
        ...

    def seal(self) -> SpanBatch:
        """Everything appended since the last seal; the builder is empty afterwards. A row
        of resources, scopes, shapes, correlation and keys stands in it once."""
        ...


class Decoder(Protocol):
    """OTLP protobuf bytes -> columns. Any number of builders, on any threads."""

    name: str
    """Such as "native"."""
    settings: str
    """What it reads attributes by (settings_name.py)."""

    def builder(self) -> BatchBuilder: ...


@dataclass(frozen=True, slots=True)
class Decoded:
    """One request on its own; the numbers as in Appended."""

    batch: SpanBatch
    spans: int
    rejected: int
    reasons: str


def decode_request(decoder: Decoder, payload: bytes) -> Decoded:
    """Raises UndecodableRequest."""
    builder = decoder.builder()
    appended = builder.append(payload)
    return Decoded(builder.seal(), appended.spans, appended.rejected, appended.reasons)
