"""What every decoder gives."""

from dataclasses import dataclass
from typing import Protocol

from storage.schema import SpanBatch


class UndecodableRequest(ValueError):
    """The bytes are no OTLP trace request. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Decoded:
    batch: SpanBatch
    spans: int
    """Spans in the batch."""
    rejected: int
    """Spans left out."""
    reasons: str
    """Why, for people; empty when none was."""


class Decoder(Protocol):
    """OTLP protobuf bytes -> columns. Thread-safe."""

    name: str

    def decode(self, payload: bytes) -> Decoded:
        """Raises UndecodableRequest."""
        ...
