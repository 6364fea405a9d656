"""Which spans of a batch are stored already."""

import polars as pl
import pyarrow as pa

from storage.arrays import U64Array
from storage.duckdb_database import Session
from storage.duckdb_statements import statement
from storage.memory_frames import PART, SPAN, Frames, keep_spans
from storage.seen import SeenIds, has_repeats

_STREAM_ROWS = 250_000


class Duplicates:
    """Knows the ids of all stored spans, nearly (storage/seen.py). Belongs to the writer."""

    def __init__(self, session: Session) -> None:
        self._seen = SeenIds()
        self._deleted = 0
        self._read_seen(session)

    def drop(self, session: Session, batch: Frames) -> tuple[Frames, U64Array, int]:
        """The batch without spans that are stored or repeated, the hashed ids to `add` once
        the rest is stored, and how many of the rest have ids that are taken."""
        # Ids of deleted spans cost a look-up when they come again, and room.
        if self._seen.full or self._deleted > self._seen.count // 2:
            self._read_seen(session)
        ids = self._seen.hash_ids(batch["spans"])
        maybe = self._seen.may_hold(ids)
        if not maybe.any() and not has_repeats(ids):
            return batch, ids, 0
        keys = batch["spans"].select(PART)
        candidates = keys.filter(pl.Series(maybe)).unique()
        with session.given(candidates=candidates.to_arrow()):
            stored = pl.DataFrame(session.select(statement("stored_spans")))
            taken = pl.DataFrame(session.select(statement("stored_ids")))
        new = keys.with_row_index("row").unique(PART, keep="first")
        new = new.join(stored, on=PART, how="anti").sort("row")
        free = new.select(SPAN).unique().join(taken, on=SPAN, how="anti")
        fresh = batch if new.height == keys.height else keep_spans(batch, new)
        return fresh, ids, new.height - free.height

    def add(self, ids: U64Array) -> None:
        self._seen.add(ids)

    def add_spans(self, spans: pl.DataFrame) -> None:
        self._seen.add(self._seen.hash_ids(spans))

    def note_deleted(self, spans: int) -> None:
        self._deleted += spans

    def _read_seen(self, session: Session) -> None:
        count = session.select("SELECT count(*) FROM spans")[0][0].as_py()
        self._seen.clear(count)
        self._deleted = 0
        for rows in session.stream(statement("span_ids"), _STREAM_ROWS):
            spans = pl.DataFrame(pa.Table.from_batches([rows]))
            self._seen.add(self._seen.hash_ids(spans))
