"""Which rows of the store's tables a look-up by trace or key has to read.

Rows carry the number of the append (`generation`) or of the analyzer's answer (`answered`)
that wrote them. Rows of one number lie together, so DuckDB skips by its ranges whatever a
condition on it rules out.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.arrays import U64Array
from storage.contract import StoreError
from storage.duckdb_database import Database
from storage.duckdb_statements import statement
from storage.places import Places

# Rows whose ids are read at once; those of a larger number come whole.
_ROWS_AT_ONCE = 2**18
# Ids of several small numbers that are told of together.
_WORTH_A_PART = 2**13
# Numbers that a condition names one by one: with more it costs as much as it saves.
_MOST_NAMED = 64
# Ids that may be added before it is worth looking what of them is still there.
_WORTH_RENEWING = 2**22


class RowPlaces:
    """Knows of each number the ids that rows of it are looked up by. What it does not know
    yet is always read. Thread-safe.

    `counts` names the statement for (number, rows) after a number, in order, `ids` the one
    for (id, number) of the rows after a number and up to another, `oldest` the one for the
    least number of any row.
    """

    def __init__(
        self, database: Database, column: str, *, counts: str, ids: str, oldest: str
    ) -> None:
        self._database, self._column = database, column
        self._counts, self._ids = statement(counts), statement(ids)
        self._oldest = statement(oldest)
        self._places = Places()
        self._renewed: int | None = None
        """Ids that were known when all rows had been read; None before."""
        self._lock = threading.Lock()

    def learn(self) -> None:
        """Take in the rows that came since the last call. Raises StoreError."""
        self._take_in(self._places)
        if self._renewed is None:
            self._renewed = self._places.count
        elif self._is_worth_renewing():
            # Rows that are written again and again leave ids where they were before: what is
            # there is read anew, once for as many ids as there were. Until that is done the
            # old ones tell, with more than there is.
            renewed = Places()
            self._take_in(renewed)
            with self._lock:
                self._places, self._renewed = renewed, renewed.count

    def learn_written(self, ids: U64Array, first: int, last: int) -> None:
        """Take in rows of these numbers that are stored now by what is known of them, which
        spares reading them back; where that is not all there is to learn, nothing. Never raises
        for want of memory: the rows are stored, and read back then."""
        with suppress(MemoryError, StoreError), self._complete_before(first) as places:
            if places is not None:
                places.add(ids, first, last)

    def are_new(self, ids: U64Array, number: int) -> npt.NDArray[np.bool_] | None:
        """Of each id whether no row of a smaller number has it, where all of these and none of
        others are known; else None."""
        with self._complete_before(number) as places:
            return None if places is None else ~places.may_hold(ids)

    @contextmanager
    def _complete_before(self, number: int) -> Iterator[Places | None]:
        """To add rows to, where all of smaller numbers are known."""
        if self._renewed is None or self._is_worth_renewing():
            yield None
            return
        with self._lock:
            places, size = self._places, self._places.nbytes
            yield places if places.upto == number - 1 else None
            grown = places.nbytes > size
        if grown:
            self._forget_deleted(places)

    def knows(self, number: int) -> bool:
        """Whether there is nothing to learn of rows up to this number."""
        return self._renewed is not None and self._places.upto >= number

    def _is_worth_renewing(self) -> bool:
        known = self._renewed
        return known is not None and self._places.count > 2 * known + _WORTH_RENEWING

    def _take_in(self, places: Places) -> None:
        after = places.upto
        with self._database.read() as session:
            counts = session.select(self._counts, after=after)
        for upto in _steps(counts):
            with self._database.read() as session:
                found = session.select(self._ids, after=after, upto=upto)
            with self._lock:
                size = places.nbytes
                if places.upto == after:
                    for ids, last in _parts(found, upto):
                        places.add(ids, places.upto + 1, last)
                grown = places.nbytes > size
            if grown:
                self._forget_deleted(places)
            after = upto

    def _forget_deleted(self, places: Places) -> None:
        """Retention deletes as much as arrives: what is known stays bounded as the store is."""
        with self._database.read() as session:
            oldest = session.select(self._oldest)[0][0].as_py()
        if oldest is not None:
            with self._lock:
                places.forget_before(oldest)

    def within(self, *ids: "pa.ChunkedArray[pa.UInt64Scalar]") -> str:
        """A condition that every row meets which one of these ids stands in (U64)."""
        numbers: U64Array = np.concatenate([column.to_numpy() for column in ids])
        with self._lock:
            spans, upto = self._places.find(numbers), self._places.upto
        known = (f"{self._column} BETWEEN {first} AND {last}" for first, last in spans)
        return "(" + " OR ".join([*known, f"{self._column} > {upto}"]) + ")"

    def among(self, numbers: "pa.ChunkedArray[pa.UInt64Scalar]", within: str) -> str:
        """A condition that rows of these numbers meet and hardly any other, where they are few;
        else `within`, which all of them have met."""
        few = numbers.unique()
        if len(few) > _MOST_NAMED:
            return within
        named = ", ".join(map(str, sorted(few.to_numpy())))
        return f"{self._column} IN ({named})" if named else "false"


def _steps(counts: pa.Table) -> Iterator[int]:
    """The last number of each run of rows that are read at once."""
    rows = 0
    for number, count in zip(*(column.to_pylist() for column in counts.columns), strict=True):
        rows += count
        if rows >= _ROWS_AT_ONCE:
            yield number
            rows = 0
    if rows:
        yield number


def _parts(found: pa.Table, upto: int) -> Iterator[tuple[U64Array, int]]:
    """The ids by their numbers, those of small numbers together, and the last number that each
    part tells of: with all at once they would be looked for in all of these numbers."""
    numbers: U64Array = found["number"].to_numpy()
    order = np.argsort(numbers, kind="stable")
    ids, numbers = found["id"].to_numpy()[order], numbers[order]
    begun = 0
    for end in (np.flatnonzero(np.diff(numbers)) + 1).tolist():
        if end - begun >= _WORTH_A_PART:
            yield ids[begun:end], int(numbers[end - 1])
            begun = end
    yield ids[begun:], upto


def span_places(database: Database) -> RowPlaces:
    """Of spans and what is stored with them, by the low half of their trace's or linked
    trace's id and by the hash of a key."""
    return RowPlaces(
        database,
        "generation",
        counts="span_counts",
        ids="span_ids_between",
        oldest="oldest_generation",
    )


def answer_places(database: Database) -> RowPlaces:
    """Of endpoints, connections (both ends) and orphans, by the low half of a trace's id."""
    return RowPlaces(
        database,
        "answered",
        counts="answer_counts",
        ids="answer_ids_between",
        oldest="oldest_answer",
    )
