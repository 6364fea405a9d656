"""Which spans of a batch are stored already, by this writer or another.

The ids of what is stored since a generation are known, nearly, in memory; of older ones the
store is asked. A new process knows none, and learns some more before each append, from the
newest on, as many as there is room for: so it begins at once, whatever is stored.
"""

import polars as pl
import pyarrow as pa

from storage.clickhouse.database import Session
from storage.clickhouse.snapshot import Series
from storage.memory_frames import PART, SPAN, Frames, keep_spans
from storage.seen import SeenIds, has_repeats

_IDS = "SELECT trace_hi, trace_lo, span_id FROM spans WHERE {which}"
_OF = "({part}) IN (SELECT {part} FROM candidates)"
# As many appends of others are named one by one; of more all is learned anew.
_MOST_NAMED = 1000
# Older ids that are learned before an append, roughly: a quarter of a second.
_AT_ONCE = 1_000_000


class Duplicates:
    """Belongs to the writer."""

    def __init__(self) -> None:
        self._seen = SeenIds()
        self._learned = Series()
        self._own: set[int] = set()
        self._known_after: int | None = None
        """The ids of later generations are known; None of a new process."""
        self._step = 1
        """Generations that are learned at once."""

    def learn(self, session: Session) -> None:
        """What others stored since the last time, and some of what was stored before."""
        spans = session.snapshot.spans
        crowded = self._seen.full or self._seen.count > 2 * self._seen.capacity
        if self._known_after is None or crowded:
            self._begin_anew(session)
        else:
            new = [number for number in spans.since(self._learned) if number not in self._own]
            if len(new) > _MOST_NAMED:
                self._begin_anew(session)
            elif new:
                self._read(session, f"generation IN ({', '.join(map(str, new))})")
        self._learned = spans
        self._own -= {number for number in self._own if spans.sees(number)}
        self._learn_older(session)

    def _begin_anew(self, session: Session) -> None:
        count = int(session.select("SELECT count() AS spans FROM spans")["spans"][0].as_py())
        newest = session.snapshot.spans.newest
        self._seen.clear(count)
        self._known_after, self._own = newest, set()
        self._step = max(_AT_ONCE * newest // max(2 * count, 1), 1)

    def _learn_older(self, session: Session) -> None:
        upto = self._older(session)
        if not upto or self._seen.count > self._seen.capacity:
            return
        after, step = max(upto - self._step, 0), self._step
        self._step = max(step // 2, 1)  # where this fails or is too much
        found = self._read(session, f"generation > {after} AND generation <= {upto}", step)
        if found is not None:
            self._known_after = after
            self._step = step * 2 if found < _AT_ONCE // 2 else step

    def _older(self, session: Session) -> int:
        """Up to this generation ids are not known; 0 where all are that are stored."""
        upto = self._known_after or 0
        return upto if upto > session.snapshot.deleted else 0

    def _read(self, session: Session, which: str, generations: int = 1) -> int | None:
        """How many there are. None where they are too many, and were not all read; of one
        generation they never are."""
        found = 0
        for rows in session.stream(_IDS.format(which=which)):
            ids = pl.DataFrame(pa.Table.from_batches([rows]))
            self._seen.add(self._seen.hash_ids(ids))
            found += ids.height
            if found > 2 * _AT_ONCE and generations > 1:
                self._seen.count -= found  # they come again
                return None
        return found

    def drop(self, session: Session, batch: Frames) -> tuple[Frames, int]:
        """The batch without spans that are stored or repeated, and how many of the rest have
        ids that are taken."""
        ids, keys = self._seen.hash_ids(batch["spans"]), batch["spans"].select(PART)
        maybe = pl.Series(self._seen.may_hold(ids))
        candidates = keys.filter(maybe)
        if (upto := self._older(session)) and not maybe.all():
            older = find(session, keys.filter(~maybe), SPAN, f"generation <= {upto}")
            candidates = pl.concat([candidates, keys.join(older, on=SPAN, how="semi")])
        if candidates.is_empty() and not has_repeats(ids):
            return batch, 0
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
