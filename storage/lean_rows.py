"""Rows of a table in little memory of their own."""

from collections.abc import Sequence

import polars as pl
import pyarrow as pa


class LeanRows:
    """A copy of a frame. A column that says the same in every row takes no space: of what may
    be told of a span or message most is never told."""

    def __init__(self, rows: pl.DataFrame, *, copied: bool = True) -> None:
        """Of rows that were picked out of others only texts have to be `copied`: theirs are
        still views into all that there were."""
        self._columns = rows.columns
        # The first one is kept: it knows how many rows there are.
        self._same = {
            column.name: pl.lit(column[0], column.dtype).alias(column.name)
            for column in rows.get_columns()[1:]
            if _is_same(column)
        }
        told = rows.drop(self._same)
        self._numbers = told.select([] if copied else pl.exclude(pl.String))
        others = told.drop(self._numbers.columns)
        self._others = _copy(others.to_arrow(compat_level=pl.CompatLevel.oldest()))

    @property
    def nbytes(self) -> int:
        return int(self._numbers.estimated_size()) + self._others.nbytes

    def frame(self, columns: Sequence[str] = ()) -> pl.DataFrame:
        """These columns, or all."""
        wanted = columns or self._columns
        chosen = {self._columns[0], *wanted}
        numbers = self._numbers.select([n for n in self._numbers.columns if n in chosen])
        others = self._others.select([n for n in self._others.column_names if n in chosen])
        same = [told for name, told in self._same.items() if name in chosen]
        told = [column for part in (numbers, pl.DataFrame(others)) for column in part]
        return pl.DataFrame(told).with_columns(same).select(wanted)


def _copy(table: pa.Table) -> pa.Table:
    """In one piece of memory."""
    columns = [column.combine_chunks() for column in table.columns]
    batch = pa.RecordBatch.from_arrays(columns, schema=table.schema)
    return pa.Table.from_batches([pa.ipc.read_record_batch(batch.serialize(), table.schema)])


def _is_same(column: pl.Series) -> bool:
    if column.null_count():
        return column.null_count() == len(column)
    return len(column) > 0 and column[0] == column[-1] and column.min() == column.max()
