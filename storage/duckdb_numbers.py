"""Small numbers that stand for the ids of resources, scopes and shapes.

Thousands of spans name the same few; a hash of 8 random bytes cannot be compressed, a
small number takes one.
"""

from contextlib import suppress

import numpy as np
import polars as pl

from storage.cheap_rows import at, with_series
from storage.duckdb_database import Session
from storage.duckdb_statements import statement

# Someone may make up resources without end; forgetting them costs a look-up each.
_MOST_KNOWN = 100_000


class Numbers:
    """Of one table whose rows are stored once. Belongs to the writer."""

    def __init__(self, session: Session, table: str, key: str) -> None:
        self._table, self._key = table, key
        self._known: dict[int, int] = {}
        self._met: dict[int, int] = {}
        text = statement("next_number", table=self._table)
        self._next = int(session.select(text)[0][0].as_py())

    def forget(self) -> None:
        """Rows were deleted: what is known may be gone. Numbers are not given twice."""
        self._known.clear()

    def number(
        self, session: Session, rows: pl.DataFrame, ids: pl.Series
    ) -> tuple[pl.Series, pl.DataFrame]:
        """The number of each of the `ids`, and those of the `rows` that have to be stored,
        with theirs. Nothing is remembered until `remember`, but no number is given twice, even
        where the first to get it is not stored."""
        named = ids.to_arrow().dictionary_encode()
        present = list({*named.dictionary.to_pylist(), *rows[self._key].to_list()})
        found = {id_: self._known[id_] for id_ in present if id_ in self._known}
        unknown = [id_ for id_ in present if id_ not in found]
        self._met = self._look_up(session, unknown) if unknown else {}
        new = sorted(id_ for id_ in unknown if id_ not in self._met)
        self._met |= {id_: self._next + place for place, id_ in enumerate(new)}
        self._next += len(new)
        found |= self._met
        told = np.array([found[id_] for id_ in named.dictionary.to_pylist()], np.uint32)
        numbers = pl.Series("number", told.take(named.indices.to_numpy()))
        return numbers, self._added(rows, new)

    def _added(self, rows: pl.DataFrame, new: list[int]) -> pl.DataFrame:
        """Those of the `new` ids that have a row, with their numbers."""
        if not new:
            return with_series(rows.clear(), number=pl.Series(dtype=pl.UInt32))
        ids = rows[self._key].to_list()
        # The first of the rows of an id.
        places = {id_: place for place, id_ in reversed([*enumerate(ids)])}
        stored = [id_ for id_ in new if id_ in places]
        numbers = pl.Series("number", [self._met[id_] for id_ in stored], pl.UInt32)
        chosen = pl.Series([places[id_] for id_ in stored], dtype=pl.UInt32)
        return with_series(at(rows, chosen), numbers)

    def remember(self) -> None:
        """What the last `number` gave is committed. Never raises for want of memory: what is not
        remembered is looked up."""
        with suppress(MemoryError):
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known |= self._met

    def _look_up(self, session: Session, ids: list[int]) -> dict[int, int]:
        wanted = pl.DataFrame({self._key: ids}, schema={self._key: pl.UInt64})
        text = statement("numbers_of", table=self._table, key=self._key)
        with session.given(wanted=wanted.to_arrow()):
            rows = session.select(text).to_pylist()
        return {row[self._key]: row["number"] for row in rows}
