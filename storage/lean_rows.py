"""Rows of a table in little memory of their own."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from storage.arrays import Rows

Column: TypeAlias = "pa.Array[Any] | pa.Scalar[Any]"


class LeanRows:
    """Some columns of the same height. One that says the same in every row is a value and takes
    no space: of what may be told of a span or message most is never told. Never changes."""

    def __init__(self, height: int, columns: dict[str, Column]) -> None:
        self.height, self._columns = height, columns

    @classmethod
    def of_frame(
        cls,
        rows: pl.DataFrame,
        schema: pa.Schema,
        same: "dict[str, pa.Scalar[Any]]",
        *,
        copied: bool,
    ) -> "LeanRows":
        """Rows in the columns of the schema, those that are the `same` in all replaced. In
        memory of their own where they are `copied`, else as far as they are texts: those of
        rows that were picked out of others are still views into all that there were."""
        columns: dict[str, Column] = {}
        for field in schema:
            if field.name in same:
                columns[field.name] = same[field.name]
                continue
            column = rows[field.name]
            if _is_same(column):
                columns[field.name] = pa.scalar(column[0], field.type)
                continue
            told = column.to_arrow(compat_level=pl.CompatLevel.newest())
            # Texts are copied by being cast, but what says which are null holds on to them all.
            views = told.type != field.type and told.null_count > 0
            told = told.cast(field.type)
            columns[field.name] = _copy(told) if copied or views else told
        return cls(rows.height, columns)

    @classmethod
    def of_table(cls, table: pa.Table) -> "LeanRows":
        return cls(table.num_rows, {n: table[n].combine_chunks() for n in table.column_names})

    @property
    def nbytes(self) -> int:
        """A text that all rows say counts for each: it is told of each when rows are read or
        put together, and a sender may make it as long as a request."""
        return sum(
            column.nbytes if isinstance(column, pa.Array) else self.height * _length(column)
            for column in self._columns.values()
        )

    def at(self, rows: Rows) -> "LeanRows":
        """These rows, in their order."""
        columns = {
            name: column.take(rows) if isinstance(column, pa.Array) else column
            for name, column in self._columns.items()
        }
        return LeanRows(len(rows), columns)

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """A column of numbers that are never null."""
        column = self._columns[name]
        if isinstance(column, pa.Array):
            return column.to_numpy()
        return np.full(self.height, column.as_py(), column.type.to_pandas_dtype())

    def values(self, name: str) -> "pa.Array[Any]":
        """What a column says, each at least once."""
        column = self._columns[name]
        return column if isinstance(column, pa.Array) else _filled(column, min(self.height, 1))

    def codes(self, name: str) -> npt.NDArray[np.uint64]:
        """Numbers for texts that are never null, the same for the same."""
        column = self._columns[name]
        if not isinstance(column, pa.Array):
            return np.zeros(self.height, np.uint64)
        return column.dictionary_encode().indices.to_numpy().astype(np.uint64)

    def table(self, schema: pa.Schema) -> pa.Table:
        columns = [_filled(self._columns[name], self.height) for name in schema.names]
        return pa.Table.from_arrays(columns, schema=schema)


def join_rows(parts: Sequence[LeanRows]) -> LeanRows:
    """Rows of one table, one after the other, of one part at least."""
    filled = [part for part in parts if part.height] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    columns = {name: _joined(name, filled) for name in filled[0]._columns}
    return LeanRows(sum(part.height for part in filled), columns)


def _joined(name: str, parts: Iterable[LeanRows]) -> Column:
    columns = [part._columns[name] for part in parts]
    first = columns[0]
    if isinstance(first, pa.Scalar) and all(column == first for column in columns):
        return first
    return pa.concat_arrays(
        [_filled(column, part.height) for column, part in zip(columns, parts, strict=True)]
    )


def _length(value: "pa.Scalar[Any]") -> int:
    return len(value.as_py().encode()) if pa.types.is_string(value.type) and value.is_valid else 0


def _filled(column: Column, height: int) -> "pa.Array[Any]":
    if isinstance(column, pa.Array):
        return column
    if not column.is_valid:
        return pa.nulls(height, column.type)
    filled: pa.Array[Any] = pa.repeat(column, height)  # type: ignore[call-overload] # any type
    return filled


def _copy(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Two arrays are put together in memory of their own, even where one is empty."""
    return pa.concat_arrays([column, column[:0]])


def _is_same(column: pl.Series) -> bool:
    if column.null_count():
        return column.null_count() == len(column)
    return len(column) > 0 and column[0] == column[-1] and column.min() == column.max()
