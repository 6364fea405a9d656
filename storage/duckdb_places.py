"""Which generations of the span tables a look-up by trace or key has to read."""

import threading

import numpy as np
import pyarrow as pa

from storage.duckdb_database import Database
from storage.duckdb_statements import statement
from storage.places import Places, U64Array

# Spans whose ids are read at once; a larger generation comes whole.
_SPANS_AT_ONCE = 2**18


class SpanPlaces:
    """Knows of each generation the traces that it has spans of or links to, and the hashes
    of its keys. What it does not know yet is always read. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places = Places()
        self._lock = threading.Lock()

    def learn(self) -> None:
        """Take in the generations that came since the last call."""
        while True:
            after = self._places.upto
            with self._database.read() as session:
                upto = session.select(
                    statement("complete_generation"), after=after, limit=_SPANS_AT_ONCE
                )[0][0].as_py()
                if upto is None:
                    return
                found = session.select(statement("ids_between"), after=after, upto=upto)
            with self._lock:
                if self._places.upto == after:
                    self._places.add(found["id"].to_numpy(), after + 1, upto)

    def within(self, *ids: "pa.ChunkedArray[pa.UInt64Scalar]") -> str:
        """A condition on `generation` that every row meets whose trace (its low half), linked
        trace or key hash is one of these ids (U64)."""
        numbers: U64Array = np.concatenate([column.to_numpy() for column in ids])
        with self._lock:
            spans, upto = self._places.find(numbers), self._places.upto
        known = (f"generation BETWEEN {first} AND {last}" for first, last in spans)
        return "(" + " OR ".join([*known, f"generation > {upto}"]) + ")"
