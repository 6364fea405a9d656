"""Which spans of a batch are stored already, by this writer or another."""

import polars as pl
import pyarrow as pa

from storage.clickhouse.database import Session
from storage.clickhouse.snapshot import Series
from storage.memory_frames import PART, SPAN, Frames, keep_spans
from storage.seen import SeenIds, has_repeats

_IDS = "SELECT trace_hi, trace_lo, span_id FROM spans WHERE {which}"
_OF = "({part}) IN (SELECT {part} FROM candidates)"
# As many appends of others are named one by one; of more all is read again.
_MOST_NAMED = 1000


class Duplicates:
    """Knows the ids of all stored spans, nearly (storage/seen.py). Belongs to the writer."""

    def __init__(self) -> None:
        self._seen = SeenIds()
        self._learned = Series()
        self._own: set[int] = set()

    def learn(self, session: Session) -> None:
        """The ids of what others stored since the last time."""
        spans = session.snapshot.spans
        new = [number for number in spans.since(self._learned) if number not in self._own]
        if self._seen.full or len(new) > _MOST_NAMED:
            which, new = "TRUE", [0]
            count = session.select("SELECT count() AS spans FROM spans")["spans"][0].as_py()
            # Whoever is stopped half-way begins anew.
            self._learned, self._own = Series(), set()
            self._seen.clear(int(count))
        else:
            which = f"generation IN ({', '.join(map(str, new))})"
        if new:
            for rows in session.stream(_IDS.format(which=which)):
                ids = pl.DataFrame(pa.Table.from_batches([rows]))
                self._seen.add(self._seen.hash_ids(ids))
        self._learned = spans
        self._own -= {number for number in self._own if spans.sees(number)}

    def drop(self, session: Session, batch: Frames) -> tuple[Frames, int]:
        """The batch without spans that are stored or repeated, and how many of the rest have
        ids that are taken."""
        ids = self._seen.hash_ids(batch["spans"])
        maybe = self._seen.may_hold(ids)
        if not maybe.any() and not has_repeats(ids):
            return batch, 0
        keys = batch["spans"].select(PART)
        candidates = keys.filter(pl.Series(maybe)).unique()
        stored, taken = find(session, candidates, PART), find(session, candidates, SPAN)
        new = keys.with_row_index("row").unique(PART, keep="first")
        new = new.join(stored, on=PART, how="anti").sort("row")
        free = new.select(SPAN).unique().join(taken, on=SPAN, how="anti")
        fresh = batch if new.height == keys.height else keep_spans(batch, new)
        return fresh, new.height - free.height

    def add(self, spans: pl.DataFrame, generation: int) -> None:
        """Spans that are about to be stored: an id too many only costs a look-up."""
        self._seen.add(self._seen.hash_ids(spans))
        self._own.add(generation)


def find(
    session: Session, candidates: pl.DataFrame, part: list[str], which: str = "TRUE"
) -> pl.DataFrame:
    """Those of the candidates that are stored."""
    columns = ", ".join(part)
    text = f"SELECT DISTINCT {columns} FROM spans WHERE {_OF.format(part=columns)} AND {which}"
    with session.given(candidates=candidates.select(part).unique().to_arrow()):
        return pl.DataFrame(session.select(text))
