"""What every decoder gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

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


Outcome: TypeAlias = Appended | BaseException
"""Of one of several requests: an UndecodableRequest says what is wrong with it, any other
error that nobody knows what the builder holds."""


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

    def append_all(self, payloads: Sequence[bytes], full: int) -> list[Outcome]:
        """Takes in requests in their order, until the builder holds `full` spans or has a
        fault; what became of each that it came to."""
        ...

    def seal(self) -> SpanBatch:
        """Everything appended since the last seal; the builder is empty afterwards. A row
        of resources, scopes, shapes, correlation and keys stands in it once."""
        ...


def append_singly(builder: BatchBuilder, payloads: Sequence[bytes], full: int) -> list[Outcome]:
    """`append_all` of a builder that knows no faster way."""
    outcomes: list[Outcome] = []
    for payload in payloads:
        if builder.spans >= full:
            break
        try:
            outcomes.append(builder.append(payload))
        except UndecodableRequest as error:
            outcomes.append(error)
        except BaseException as error:  # noqa: BLE001 - a panic of a decoder is no Exception
            outcomes.append(error)
            break
    return outcomes


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
