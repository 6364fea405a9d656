"""Spans that two writers stored at the same moment: neither saw the other's.

A writer remembers what it stores until everybody who had begun before its commit has ended.
What is committed meanwhile it looks at; of two copies the one of the larger generation goes,
whoever sees it. So it takes two that die at once to leave both.
"""

from dataclasses import dataclass

import polars as pl

from storage.clickhouse.database import Database, Session
from storage.clickhouse.deletes import delete_spans
from storage.clickhouse.duplicates import find
from storage.clickhouse.snapshot import Series, Snapshot
from storage.memory_frames import PART

# Spans that are remembered, 32 bytes each, while somebody's append does not end.
_MOST_SPANS = 2_000_000


@dataclass(slots=True)
class _Own:
    generation: int
    spans: pl.DataFrame
    """PART columns."""
    looked: Series
    """What was looked at so far."""
    waits: set[int] | None = None
    """Numbers of others that had begun before ours ended; None before it did."""


class Overlaps:
    """Belongs to the writer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own: list[_Own] = []

    def remember(self, spans: pl.DataFrame, generation: int, before: Snapshot) -> None:
        """Spans that are about to be committed; what was committed `before` has none of them."""
        self._own.append(_Own(generation, spans.select(PART), before.spans))
        while sum(own.spans.height for own in self._own[:-1]) > _MOST_SPANS:
            del self._own[0]

    def drop(self, now: Snapshot) -> dict[int, int]:
        """Drop one copy of each, and say how many spans of our generations others have, too.
        Raises StoreError: what was not looked at is looked at the next time."""
        session, found = Session(self._database.client, now), {}
        open_ = {claim.number for claim in now.spans.open}
        for own in [*self._own]:
            if own.generation in open_:
                continue
            if now.spans.sees(own.generation):
                found[own.generation] = self._drop(session, own)
                own.looked = now.spans
                own.waits = open_ if own.waits is None else own.waits & open_
            if not own.waits:
                self._own.remove(own)
        return found

    def _drop(self, session: Session, own: _Own) -> int:
        dropped = 0
        for other in session.snapshot.spans.since(own.looked):
            if other == own.generation:
                continue
            late = find(session, own.spans, PART, f"generation = {other}")
            if late.height:
                delete_spans(self._database.client, max(own.generation, other), late)
            dropped += late.height
        return dropped
