"""Small numbers that stand for the ids of resources, scopes and shapes.

Thousands of spans name the same few; a hash of 8 random bytes cannot be compressed, a
small number takes one.
"""

import polars as pl

from storage.duckdb_database import Session
from storage.duckdb_statements import statement

# Someone may make up resources without end; forgetting them costs a look-up each.
_MOST_KNOWN = 100_000


class Numbers:
    """Of one table whose rows are stored once. Belongs to the writer."""

    def __init__(self, session: Session, table: str, key: str) -> None:
        self._table, self._key = table, key
        self._known: dict[int, int] = {}
        self.read_next(session)

    def read_next(self, session: Session) -> None:
        """Start over from what is stored."""
        self._known.clear()
        text = statement("next_number", table=self._table)
        self._next = int(session.select(text)[0][0].as_py())

    def number(
        self, session: Session, rows: pl.DataFrame, ids: pl.Series
    ) -> tuple[pl.Series, pl.DataFrame]:
        """The number of each of the `ids`, and those of the `rows` that have to be stored,
        with theirs. Every id has a row. Nothing is remembered until `remember`."""
        present = ids.unique()
        known = {number: self._known.get(number) for number in present.to_list()}
        unknown = [number for number, found in known.items() if found is None]
        if unknown:
            known |= self._look_up(session, unknown)
        new = [number for number in unknown if known[number] is None]
        known |= {number: self._next + i for i, number in enumerate(sorted(new))}
        self._fresh = {number: known[number] for number in unknown}
        numbers = pl.DataFrame(
            {self._key: list(known), "number": list(known.values())},
            schema={self._key: pl.UInt64, "number": pl.UInt32},
        )
        added = (
            rows.filter(pl.col(self._key).is_in(new))
            .unique(self._key, keep="first")
            .join(numbers, on=self._key)
        )
        column = (
            ids.alias(self._key)
            .to_frame()
            .join(numbers, on=self._key, how="left", maintain_order="left")
        )
        return column["number"], added

    def remember(self) -> None:
        """What the last `number` gave is committed."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known |= self._fresh
        self._next = max(self._next, 1 + max(self._fresh.values(), default=-1))

    def _look_up(self, session: Session, ids: list[int]) -> dict[int, int]:
        wanted = pl.DataFrame({self._key: ids}, schema={self._key: pl.UInt64})
        text = statement("numbers_of", table=self._table, key=self._key)
        with session.given(wanted=wanted.to_arrow()):
            found = session.select(text)
        pairs = zip(found[self._key].to_pylist(), found["number"].to_pylist(), strict=True)
        return dict(pairs)
