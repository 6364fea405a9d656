"""Writing spans into DuckDB."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from storage.contract import AppendResult
from storage.correlation_sets import date_sets
from storage.duckdb_database import Database, Session
from storage.duckdb_duplicates import Duplicates
from storage.duckdb_numbers import Numbers
from storage.duckdb_statements import statement
from storage.memory_frames import PART, TRACE, Frames, newest_of, read
from storage.rewriting import StoredSpans
from storage.schema import BATCH_SCHEMAS, ROW_GROUP, SpanBatch


class SpanWriter:
    """Appends batches, one at a time (the database's write lock sees to it)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._appending = threading.Lock()
        with database.write() as session:
            self._generation = int(session.select(statement("newest_generation"))[0][0].as_py())
            self._duplicates = Duplicates(session)
            self._numbers = {
                "resources": Numbers(session, "resources", "resource_id"),
                "scopes": Numbers(session, "scopes", "scope_id"),
                "shapes": Numbers(session, "shapes", "shape_id"),
            }

    @contextmanager
    def between_appends(self) -> Iterator[int]:
        """While no append runs; gives the newest generation."""
        with self._appending:
            yield self._generation

    def note_deleted(self, spans: int, *, renumber: bool) -> None:
        """So many spans are deleted, and with `renumber` numbers too; between appends."""
        self._duplicates.note_deleted(spans)
        if renumber:
            for numbers in self._numbers.values():
                numbers.forget()

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        frames = {name: read(getattr(batch, name)) for name in BATCH_SCHEMAS}
        # A lock of its own: what is known in memory changes only after the commit, and
        # before the next append.
        with self._appending:
            with self._database.read() as session:
                fresh, ids, conflicts = self._duplicates.drop(session, frames)
            stored = fresh["spans"].height
            if stored:
                # Before the commit: an id too many after a failure only costs a look-up,
                # one too few would store a span twice.
                self._duplicates.add(ids)
                for part in _split(_by_trace(fresh)):
                    self._store(part, stored_at_unix_nano)
        return AppendResult(self._generation, stored, batch.spans.num_rows - stored, conflicts)

    def store_again(self, spans: StoredSpans) -> None:
        """Spans with their generations (storage/rewriting.py)."""
        given = {name: read(getattr(spans.batch, name)) for name in BATCH_SCHEMAS}
        stamped = given | {"spans": given["spans"].hstack(read(spans.stored))}
        of = stamped["spans"].select(*PART, "generation")
        for name in ("links", "events", "messaging"):
            stamped[name] = given[name].join(of, on=PART, how="left", maintain_order="left")
        stamped["keys"] = given["keys"].hstack(read(spans.key_generations))
        with self._appending:
            self._duplicates.add_spans(stamped["spans"])
            self._commit(stamped, newest_of(stamped["spans"]))

    def _store(self, batch: Frames, stored_at: int) -> None:
        generation = self._generation + 1
        stamp = pl.lit(generation, pl.UInt64).alias("generation")
        stamped = batch | {
            name: batch[name].with_columns(stamp)
            for name in ("spans", "links", "events", "messaging", "keys")
        }
        stamped["spans"] = stamped["spans"].with_columns(
            pl.lit(stored_at, pl.Int64).alias("stored_at_unix_nano")
        )
        self._commit(stamped, generation)

    def _commit(self, batch: Frames, newest: int) -> None:
        """Rows with their generations, the last of which is the `newest`."""
        with self._database.write() as session:
            self._insert(session, batch)
        self._generation = max(self._generation, newest)
        for numbers in self._numbers.values():
            numbers.remember()

    def _insert(self, session: Session, batch: Frames) -> None:
        spans, messaging = batch["spans"], batch["messaging"]
        resources, new_resources = self._numbers["resources"].number(
            session, batch["resources"], spans["resource_id"]
        )
        scopes, new_scopes = self._numbers["scopes"].number(
            session, batch["scopes"], spans["scope_id"]
        )
        shapes, new_shapes = self._numbers["shapes"].number(
            session, batch["shapes"], messaging["shape_id"]
        )
        rows = {
            "spans": spans.drop("resource_id", "scope_id").with_columns(
                resource_number=resources, scope_number=scopes
            ),
            "messaging": messaging.drop("shape_id").with_columns(shape_number=shapes),
            "resources": new_resources,
            "scopes": new_scopes,
            "shapes": new_shapes,
            "correlation": date_sets(batch["correlation"], spans),
            **{name: batch[name] for name in ("links", "events", "keys")},
        }
        # Texts as Polars has them, views: DuckDB reads them, and nothing is copied.
        views = pl.CompatLevel.newest()
        given = {
            f"incoming_{name}": frame.to_arrow(compat_level=views) for name, frame in rows.items()
        }
        with session.given(**given):
            session.run(statement("insert_spans"))
            for name, frame in rows.items():
                if name != "spans" and frame.height:
                    session.run(f"INSERT INTO {name} BY NAME SELECT * FROM incoming_{name}")


def _split(batch: Frames) -> list[Frames]:
    """Whole row groups, and the rest; each span together with what belongs to it."""
    spans = batch["spans"]
    whole = spans.height // ROW_GROUP * ROW_GROUP
    if not whole or whole == spans.height:
        return [batch]
    kept, rest = batch | {"spans": spans[:whole]}, batch | {"spans": spans[whole:]}
    for name in ("links", "events", "messaging"):
        kept[name] = batch[name].join(rest["spans"], on=PART, how="anti")
        rest[name] = batch[name].join(rest["spans"], on=PART, how="semi")
    rest["keys"] = batch["keys"].join(rest["spans"], on=TRACE, how="semi")
    return [kept, rest]


def _by_trace(batch: Frames) -> Frames:
    """Rows of one trace beside each other: equal ids in a row take next to no space. Spans
    of one name too: their attributes are alike."""
    sorted_ = {
        name: batch[name].sort("trace_hi", maintain_order=True)
        for name in ("links", "events", "messaging", "keys")
    }
    sorted_["spans"] = batch["spans"].sort("trace_hi", "name", maintain_order=True)
    return batch | sorted_
