"""Resources, scopes, shapes of messages and of answers, by the number that rows name them by.

They are few, never change, and what a number was given to once has it for good: those that
were read are kept, so that a look-up needs neither a join nor a statement for them.
"""

import threading

import pyarrow as pa
import pyarrow.compute as pc

from storage.duckdb_database import Session
from storage.duckdb_statements import statement
from storage.duckdb_trace_rows import chosen_by

# Someone may make up resources without end, and large ones; forgetting them costs a look-up each.
_MOST_KEPT = 10_000
_MOST_BYTES = 32 * 2**20


class Dictionary:
    """Of one table, whose rows have ids in column `key` or none. Thread-safe."""

    def __init__(self, table: str, key: str = "") -> None:
        self._table, self.key = table, key
        self._kept: pa.Table | None = None
        self._lock = threading.Lock()

    def named(self, session: Session, numbers: "pa.ChunkedArray[pa.UInt32Scalar]") -> pa.Table:
        """The rows with these numbers, each once, with them in column "number"."""
        wanted = numbers.unique()
        with self._lock:
            kept = self._kept
        if kept is not None:
            numbers = numbers.filter(pc.invert(pc.is_in(numbers, value_set=_column(kept))))
        if kept is None or len(numbers):
            with chosen_by(session, "number", numbers) as chosen:
                found = session.look_up(statement("numbered", table=self._table, chosen=chosen))
            kept = found if kept is None else pa.concat_tables([kept, found])
            with self._lock:
                self._kept = kept if kept.num_rows <= _MOST_KEPT else found
                if self._kept.nbytes > _MOST_BYTES:
                    self._kept = found if found.nbytes <= _MOST_BYTES else None
        return kept.filter(pc.is_in(kept["number"], value_set=wanted))

    def joined(self, session: Session, rows: pa.Table, column: str) -> pa.Table:
        """`rows` with all columns of what they name by the number in `column`."""
        named = self.named(session, rows[column])
        places = pc.index_in(rows[column], value_set=_column(named))
        for name in named.column_names:
            if name != "number":
                rows = rows.append_column(name, named[name].take(places))
        return rows

    def with_ids(self, rows: pa.Table, column: str, named: pa.Table) -> pa.Table:
        """`rows` with the id of what they name by the number in `column`; `named` as of
        `named` for these rows."""
        places = pc.index_in(rows[column], value_set=_column(named))
        return rows.append_column(self.key, named[self.key].take(places))


def _column(rows: pa.Table) -> "pa.Array[pa.UInt32Scalar]":
    return rows["number"].combine_chunks()
