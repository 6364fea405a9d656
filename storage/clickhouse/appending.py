"""Storing spans in ClickHouse.

One append of this process at a time; other processes append beside it. Each looks for
duplicates before it writes; what those that go on beside it store is looked at later (`copies`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from storage.clickhouse.copies import told_beside
from storage.clickhouse.database import Database, Session, Write
from storage.clickhouse.duplicates import Duplicates
from storage.clickhouse.nesting import nest
from storage.clickhouse.tables import DICTIONARY_KEYS, LINKED, TABLES
from storage.contract import AppendResult, DataRefused
from storage.correlation_sets import date_sets
from storage.memory_frames import PART, TRACE, Frames, read
from storage.rewriting import StoredSpans
from storage.schema import BATCH_SCHEMAS, SpanBatch

# Someone may make up resources without end; forgetting them stores them once more.
_MOST_KNOWN = 100_000
# An append that takes longer is given up: the server hangs, and whoever sent the spans has
# to hear that they are not stored. Reading the ids of a large store may take longer, as long
# as they flow.
APPEND_SECONDS = 20.0


class SpanWriter:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._appending = threading.Lock()
        self._duplicates = Duplicates()
        self._known: set[tuple[str, int]] = set()

    @contextmanager
    def between_appends(self) -> Iterator[None]:
        """While no append of this process runs."""
        with self._appending:
            yield

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        frames = {name: read(getattr(batch, name)) for name in BATCH_SCHEMAS}
        with self._appending:
            client = self._database.client
            with client.within(APPEND_SECONDS), self._database.read() as session:
                self._duplicates.learn(session)
            with client.within(APPEND_SECONDS):
                return self._append(session, frames, stored_at_unix_nano)

    def _append(self, session: Session, given: Frames, stored_at: int) -> AppendResult:
        fresh, conflicts = self._duplicates.drop(session, given)
        generation, before = session.snapshot.spans.newest, session.snapshot.spans
        named = set[tuple[str, int]]()
        if fresh["spans"].height:
            _raise_unless_fit(fresh)
            with self._database.write("spans") as write:
                generation = write.number
                self._duplicates.add(fresh["spans"], generation)
                write.detail |= told_beside(generation, before, write.session.snapshot.spans)
                named = self._store(write, _stamp(fresh, generation, stored_at))
            self._know(named)
        stored = fresh["spans"].height
        return AppendResult(generation, stored, given["spans"].height - stored, conflicts)

    def store_again(self, spans: StoredSpans) -> None:
        """Spans with their generations (storage/rewriting.py)."""
        given = {name: read(getattr(spans.batch, name)) for name in BATCH_SCHEMAS}
        stamped = given | {"spans": given["spans"].hstack(read(spans.stored))}
        of = stamped["spans"].select(*PART, "generation", "stored_at_unix_nano")
        stored_at = of.group_by("generation").agg(pl.min("stored_at_unix_nano"))
        keys = given["keys"].hstack(read(spans.key_generations))
        stamped["keys"] = keys.join(stored_at, on="generation", how="left")
        generations = sorted(set(of["generation"]))
        with self._appending, self._database.write_again(generations) as write:
            for generation in generations:
                own = of.filter(pl.col("generation") == generation)
                self._duplicates.add(own, generation)
            named = self._store(write, stamped)
        self._know(named)

    def _store(self, write: Write, rows: Frames) -> set[tuple[str, int]]:
        """Insert rows that have their generations, and give the resources, scopes and shapes
        among them."""
        named: set[tuple[str, int]] = set()
        first = rows["spans"]["generation"].min()
        dictionaries = {}
        for name, key in DICTIONARY_KEYS.items():
            known = [id_ for table, id_ in self._known if table == name]
            new = rows[name].filter(~pl.col(key).is_in(known)).unique(key, keep="first")
            dictionaries[name] = new.with_columns(generation=pl.lit(first, pl.UInt64))
            named |= {(name, id_) for id_ in new[key]}
        stored_at = rows["spans"].group_by("generation").agg(pl.min("stored_at_unix_nano"))
        sets = date_sets(rows["correlation"], rows["spans"]).join(stored_at, on="generation")
        beside = {"linked": _linked(rows), "keys": rows["keys"], "correlation": sets}
        for name, frame in (dictionaries | beside).items():
            if frame.height:
                write.insert(name, frame)
        write.insert("spans", nest(rows, TABLES["spans"].columns))
        return named

    def _know(self, named: set[tuple[str, int]]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known |= named


def _raise_unless_fit(batch: Frames) -> None:
    for name, columns in BATCH_SCHEMAS.items():
        if batch[name].columns != columns.names:
            raise DataRefused(f"The batch's {name} have other columns than the schema.")


def _stamp(batch: Frames, generation: int, stored_at: int) -> Frames:
    stamps = (
        pl.lit(generation, pl.UInt64).alias("generation"),
        pl.lit(stored_at, pl.Int64).alias("stored_at_unix_nano"),
    )
    return batch | {name: batch[name].with_columns(stamps) for name in ("spans", "keys")}


def _linked(rows: Frames) -> pl.DataFrame:
    """The traces that links of other traces name, with what the latter's spans have."""
    elsewhere = pl.any_horizontal(pl.col(name) != pl.col(f"linked_{name}") for name in TRACE)
    some = pl.any_horizontal(pl.col(f"linked_{name}") > 0 for name in TRACE)
    named = rows["links"].filter(elsewhere & some)
    of = rows["spans"].select(*PART, "generation", "stored_at_unix_nano")
    stamped = named.join(of, on=PART).select(*LINKED.names, "generation", "stored_at_unix_nano")
    return stamped.unique()
