"""The part of the promise that is about writing a whole store anew (storage/contract.py).

Spans are read as they were appended, and go with their generations into an empty store
that takes the place of the first (`engines.rewritten_store`).
"""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from storage.schema import SpanBatch


@dataclass(frozen=True, slots=True)
class StoredSpans:
    """Spans of whole generations, in the order of these."""

    batch: SpanBatch
    stored: pa.Table
    """Schema STORED: when each row of `batch.spans` was stored, in their order."""
    key_generations: pa.Table
    """Schema KEY_GENERATIONS: of each row of `batch.keys`, of the spans that have it."""


class SpanRewriting(Protocol):
    def stored_spans(self, after: int, limit: int) -> StoredSpans:
        """The generations after this one, oldest first, until `limit` spans are passed (at
        least one, unless there is none). What is read out of attributes is left out:
        `messaging`, `shapes`, `correlation` and `keys` are empty."""
        ...

    def restore(self, spans: StoredSpans) -> None:
        """Store spans with their generations, in one transaction. They MUST be later than
        all that are stored, and none of the spans may be."""
        ...

    def losses(self) -> pa.Table:
        """The traces that have lost something (`losses_of`), and until when it lasts.
        Schema LOSSES."""
        ...

    def restore_losses(self, losses: pa.Table) -> None:
        """Note these losses too."""
        ...
