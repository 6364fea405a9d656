"""Resources, scopes, shapes of messages and of answers, by the number that rows name them by.

They are few, never change, and what a number was given to once has it for good: those that
were read are kept, so that a look-up needs neither a join nor a statement for them.
"""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.duckdb_database import Session
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import chosen_by

# Someone may make up resources without end, and large ones; forgetting them costs a look-up each.
_MOST_KEPT = 10_000
_MOST_BYTES = 32 * 2**20

_Numbers = npt.NDArray[np.uint32]


class _Rows:
    """Rows with a column "number", in the order they were read, and where each number stands.
    Never changes."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows.combine_chunks()
        numbers: _Numbers = rows["number"].to_numpy()
        self._places = np.argsort(numbers)
        self._numbers = numbers[self._places]

    def places_of(self, numbers: _Numbers) -> npt.NDArray[np.int64]:
        """Of each of the numbers, -1 where no row has it."""
        if not len(self._numbers):
            return np.full(len(numbers), -1)
        found = np.searchsorted(self._numbers, numbers)
        found[found == len(self._numbers)] = 0
        return np.where(self._numbers.take(found) == numbers, self._places.take(found), -1)


class Dictionary:
    """Of one table, whose rows have ids in column `key` or none. Thread-safe."""

    def __init__(self, table: str, key: str = "") -> None:
        self._table, self.key = table, key
        self._kept: _Rows | None = None
        self._lock = threading.Lock()

    def named(self, session: Session, numbers: "pa.ChunkedArray[pa.UInt32Scalar]") -> pa.Table:
        """The rows with these numbers, each once, with them in column "number"."""
        wanted: _Numbers = numbers.unique().to_numpy()
        known = self._known(session, wanted)
        places = known.places_of(wanted)
        return known.rows.take(np.sort(places[places >= 0]))

    def joined(self, session: Session, rows: pa.Table, column: str) -> pa.Table:
        """`rows` with all columns of what they name by the number in `column`."""
        numbers: _Numbers = rows[column].to_numpy()
        known = self._known(session, numbers)
        told = known.rows.drop_columns("number").take(_or_null(known.places_of(numbers)))
        names = [*rows.column_names, *told.column_names]
        return pa.Table.from_arrays([*rows.columns, *told.columns], names=names)

    def with_ids(self, rows: pa.Table, column: str, named: pa.Table) -> pa.Table:
        """`rows` with the id of what they name by the number in `column`; `named` as of
        `named` for these rows."""
        places = _Rows(named).places_of(rows[column].to_numpy())
        return rows.append_column(self.key, named[self.key].take(_or_null(places)))

    def _known(self, session: Session, numbers: _Numbers) -> _Rows:
        """Rows with all of these numbers, and perhaps others."""
        with self._lock:
            known = self._kept
        missing = numbers if known is None else numbers[known.places_of(numbers) < 0]
        if known is not None and not len(missing):
            return known
        with chosen_by(session, "number", pa.chunked_array([missing])) as chosen:
            found = session.look_up(statement("numbered", table=self._table, chosen=chosen))
        together = _Rows(found if known is None else pa.concat_tables([known.rows, found]))
        kept = together if together.rows.num_rows <= _MOST_KEPT else _Rows(found)
        if kept.rows.nbytes > _MOST_BYTES:
            kept = _Rows(found)
        with self._lock:
            self._kept = kept if kept.rows.nbytes <= _MOST_BYTES else None
        return together


def _or_null(places: npt.NDArray[np.int64]) -> "pa.Array[Any]":
    """To take by: null where a place is -1."""
    return pa.array(places, mask=places < 0)
