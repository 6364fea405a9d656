"""Numbers for what many answers agree in (duckdb_answer_tables.py)."""

import polars as pl
import pyarrow as pa

from storage.cheap_rows import at
from storage.duckdb_answer_tables import SHAPES, shape_columns
from storage.duckdb_database import Session
from storage.duckdb_statements import statement

# Whoever sends ever new names makes shapes without end; one that is forgotten is stored again.
_MOST_KNOWN = 100_000


class AnswerShapes:
    """Of endpoints or connections. Belongs to whoever has the database's write lock."""

    def __init__(self, session: Session, answers: str) -> None:
        self._table, self._columns = SHAPES[answers], shape_columns(answers)
        self._known: pl.DataFrame | None = None
        text = statement("next_number", table=self._table)
        self._next = int(session.select(text)[0][0].as_py())

    def forget(self) -> None:
        """Shapes may be gone: deleted, or their transaction failed; the next one that stores
        some reads which are there. No number is given twice."""
        self._known = None

    def store(self, session: Session, answers: pa.Table) -> pl.Series:
        """The number of the shape of each of the answers; new shapes are stored."""
        shapes, known = pl.DataFrame(answers.select(self._columns)), self._known
        if known is None:
            text = statement("newest_shapes", table=self._table)
            known = pl.DataFrame(session.select(text, limit=_MOST_KNOWN))
        elif known.height > _MOST_KNOWN:
            known = known.clear()
        numbers = self._look_up(shapes, known)
        if numbers.has_nulls():
            unknown = numbers.is_null().arg_true()
            told = at(shapes, unknown)
            new = self._number(told.unique(maintain_order=True))
            # Texts of their own, which hold on to nothing of the answers.
            incoming = new.to_arrow(compat_level=pl.CompatLevel.oldest())
            session.insert(self._table, incoming)
            new = pl.DataFrame(incoming)
            known = pl.concat([known, new])
            numbers = numbers.scatter(unknown, self._look_up(told, new))
        self._known = known
        return numbers

    def _look_up(self, shapes: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
        """Null where it is not known."""
        found = shapes.join(
            known, on=self._columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return found["number"]

    def _number(self, new: pl.DataFrame) -> pl.DataFrame:
        first, self._next = self._next, self._next + new.height
        numbers = pl.int_range(first, self._next, dtype=pl.UInt32, eager=True)
        return new.insert_column(0, numbers.alias("number"))
