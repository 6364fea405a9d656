"""Writing spans into DuckDB."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl

from storage.cheap_rows import with_series
from storage.contract import AppendResult
from storage.correlation_sets import date_sets
from storage.duckdb_database import Database, Session
from storage.duckdb_duplicates import Duplicates
from storage.duckdb_messages import split_messages
from storage.duckdb_numbers import Numbers
from storage.duckdb_recent import RecentAppends
from storage.duckdb_span_numbers import PARTS, number_spans
from storage.duckdb_statements import statement
from storage.memory_frames import TRACE, Frames, read
from storage.rewriting import StoredSpans
from storage.row_order import by_trace, in_order
from storage.schema import BATCH_SCHEMAS, ROW_GROUP, SpanBatch


class SpanWriter:
    """Appends batches, one at a time (the database's write lock sees to it)."""

    def __init__(self, database: Database, recent: RecentAppends) -> None:
        self._database, self._recent = database, recent
        self._appending = threading.Lock()
        with database.write() as session:
            self._generation = int(session.select(statement("newest_generation"))[0][0].as_py())
            self._duplicates = Duplicates(session)
            self._numbers = {
                "resources": Numbers(session, "resources", "resource_id"),
                "scopes": Numbers(session, "scopes", "scope_id"),
                "shapes": Numbers(session, "shapes", "shape_id"),
            }
            text = statement("next_span_number")
            self._next_span_number = int(session.select(text)[0][0].as_py())

    @contextmanager
    def between_appends(self) -> Iterator[int]:
        """While no append runs; gives the newest generation."""
        with self._appending:
            yield self._generation

    def note_deleted(self, spans: int, generation: int, *, renumber: bool) -> None:
        """So many spans are deleted, all up to a generation, and with `renumber` numbers too;
        between appends."""
        self._recent.forget_until(generation)
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
                stamped = self._stamped(fresh, stored_at_unix_nano)
                with self._recent.taking_in(stamped):
                    for part in _generations(number_spans(stamped, self._next_span_number)):
                        self._commit(part)
        return AppendResult(self._generation, stored, batch.spans.num_rows - stored, conflicts)

    def store_again(self, spans: StoredSpans) -> None:
        """Spans with their generations (storage/rewriting.py)."""
        given = {name: read(getattr(spans.batch, name)) for name in BATCH_SCHEMAS}
        stamped = given | {"spans": given["spans"].hstack(read(spans.stored))}
        stamped["keys"] = given["keys"].hstack(read(spans.key_generations))
        with self._appending:
            self._duplicates.add_spans(stamped["spans"])
            self._recent.forget()
            try:
                self._commit(number_spans(stamped, self._next_span_number))
            finally:
                self._recent.forget()  # nor what was read of the file meanwhile

    def _stamped(self, batch: Frames, stored_at: int) -> Frames:
        """Rows of one trace beside each other: equal ids in a row take next to no space. Spans
        of one name too: their attributes are alike. Whole row groups, and the rest, are
        generations of their own."""
        spans, keys = batch["spans"], batch["keys"]
        spans = in_order(spans, by_trace(spans, spans["name"].hash().to_numpy()))
        generations = np.full(spans.height, self._generation + 1, np.uint64)
        whole = spans.height // ROW_GROUP * ROW_GROUP
        if whole:
            generations[whole:] += np.uint64(1)
        stored = pl.Series("stored_at_unix_nano", [stored_at], pl.Int64)
        stamped = with_series(
            spans,
            stored.new_from_index(0, spans.height),
            generation=pl.Series(generations),
        )
        return batch | {"spans": stamped, "keys": in_order(keys, by_trace(keys))}

    def _commit(self, batch: Frames) -> None:
        """Rows with their generations."""
        spans = batch["spans"]
        newest = max(self._generation, int(spans["generation"].to_numpy().max()))
        with self._database.write() as session:
            self._insert(session, batch)
        self._generation = newest
        self._next_span_number += spans.height
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
        spans = with_series(spans, resource_number=resources, scope_number=scopes)
        rows = {
            "spans": _without(spans, "resource_id", "scope_id"),
            **split_messages(_without(with_series(messaging, shape_number=shapes), "shape_id")),
            "resources": new_resources,
            "scopes": new_scopes,
            "shapes": new_shapes,
            "correlation": date_sets(batch["correlation"], spans),
            **{name: batch[name] for name in ("links", "events", "keys")},
        }
        # Texts as Polars has them, views: DuckDB reads them, and nothing is copied.
        views = pl.CompatLevel.newest()
        given = {
            f"incoming_{name}": frame.to_arrow(compat_level=views)
            for name, frame in rows.items()
            if frame.height
        }
        with session.given(**given):
            session.run(statement("insert_spans"))
            for name, frame in rows.items():
                if name != "spans" and frame.height:
                    session.run(f"INSERT INTO {name} BY NAME SELECT * FROM incoming_{name}")


def _without(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    return frame[[name for name in frame.columns if name not in names]]


def _generations(batch: Frames) -> Iterator[Frames]:
    """Each with what belongs to it, in the same memory: rows are in order of their generations.
    Keys, which have none yet, get that of their trace's spans."""
    spans = batch["spans"]
    first, last = spans["generation"][0], spans["generation"][-1]
    for generation in range(first, last + 1):
        part = batch
        if first != last:
            of = {name: _of_generation(batch[name], generation) for name in ("spans", *PARTS)}
            keys = batch["keys"].join(of["spans"], on=TRACE, how="semi")
            part = batch | of | {"keys": keys}
        stamp = pl.Series([generation], dtype=pl.UInt64).new_from_index(0, part["keys"].height)
        yield part | {"keys": with_series(part["keys"], generation=stamp)}


def _of_generation(rows: pl.DataFrame, generation: int) -> pl.DataFrame:
    generations = rows["generation"].to_numpy()
    bounds = np.array([generation, generation + 1], generations.dtype)
    first, end = np.searchsorted(generations, bounds)
    return rows[first:end]
