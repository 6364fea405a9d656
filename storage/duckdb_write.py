"""The writing half of the DuckDB engine."""

import threading
from dataclasses import fields

import polars as pl
import pyarrow as pa

from storage.contract import AppendResult
from storage.duckdb_database import Database, Session
from storage.duckdb_statements import statement
from storage.schema import SpanBatch
from storage.seen import SeenIds, U64Array

_IDS = ["trace_hi", "trace_lo", "span_id"]
_PART = [*_IDS, "content_hash"]
_STREAM_ROWS = 250_000
# Someone may make up resources without end; forgetting them costs a look-up each.
_MOST_KNOWN = 100_000


class SpanWriter:
    """Appends batches, one at a time (the database's write lock sees to it)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._appending = threading.Lock()
        self._seen = SeenIds()
        self._known: dict[str, set[int]] = {"resources": set(), "scopes": set()}
        with database.write() as session:
            self._generation = int(session.select(statement("newest_generation"))[0][0].as_py())
            self._read_seen(session)

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        # A lock of its own: what is known in memory changes only after the commit, and
        # before the next append.
        with self._appending:
            with self._database.write() as session:
                ids = self._hash_ids(session, batch)
                fresh, conflicts = self._drop_stored(session, batch, ids)
                stored = fresh.spans.num_rows
                duplicates = batch.spans.num_rows - stored
                if not stored:
                    return AppendResult(self._generation, 0, duplicates, 0)
                unknown = self._find_unknown(fresh)
                _insert(session, fresh, unknown, self._generation + 1, stored_at_unix_nano)
                # The exception: an id too many after a failure only costs a look-up, one
                # too few would store a span twice.
                self._seen.add(ids)
            self._generation += 1
            self._remember(unknown)
            return AppendResult(self._generation, stored, duplicates, conflicts)

    def _hash_ids(self, session: Session, batch: SpanBatch) -> U64Array:
        if self._seen.full:
            self._read_seen(session)
        return self._seen.hash_ids(batch.spans)

    def _find_unknown(self, batch: SpanBatch) -> dict[str, set[int]]:
        """Ids of resources and scopes that were not met since the start, where there
        are any. Nearly all batches name known ones only."""
        given = {
            "resources": pl.Series(batch.resources["resource_id"]),
            "scopes": pl.Series(batch.scopes["scope_id"]),
        }
        unknown = {
            name: set(column.unique().to_list()) - self._known[name]
            for name, column in given.items()
        }
        return {name: ids for name, ids in unknown.items() if ids}

    def _remember(self, met: dict[str, set[int]]) -> None:
        for name, ids in met.items():
            if len(self._known[name]) > _MOST_KNOWN:
                self._known[name].clear()
            self._known[name] |= ids

    def _drop_stored(
        self, session: Session, batch: SpanBatch, ids: U64Array
    ) -> tuple[SpanBatch, int]:
        """The batch without spans that are stored or repeated, and how many of the rest
        have ids that are taken."""
        maybe = self._seen.may_hold(ids)
        if not maybe.any() and not _repeats(ids):
            return batch, 0
        keys = pl.DataFrame(batch.spans.select(_PART))
        candidates = keys.filter(pl.Series(maybe)).unique()
        with session.given(candidates=candidates.to_arrow()):
            stored = pl.DataFrame(session.select(statement("stored_spans")))
            taken = pl.DataFrame(session.select(statement("stored_ids")))
        new = keys.with_row_index("row").unique(_PART, keep="first")
        new = new.join(stored, on=_PART, how="anti").sort("row")
        free = new.select(_IDS).unique().join(taken, on=_IDS, how="anti")
        fresh = batch if new.height == keys.height else _keep(batch, new)
        return fresh, new.height - free.height

    def _read_seen(self, session: Session) -> None:
        count = session.select("SELECT count(*) FROM spans")[0][0].as_py()
        self._seen.clear(count)
        for rows in session.stream(statement("span_ids"), _STREAM_ROWS):
            self._seen.add(self._seen.hash_ids(pa.Table.from_batches([rows])))


class AnswerWriter:
    """Replaces what the analyzer said about some traces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace_connections(
        self, traces: pa.Table, endpoints: pa.Table, connections: pa.Table
    ) -> None:
        with (
            self._database.write() as session,
            session.given(wanted=traces, incoming_endpoints=endpoints, incoming=connections),
        ):
            session.run(statement("delete_endpoints"))
            session.run(statement("delete_connections"))
            session.run("INSERT INTO endpoints BY NAME SELECT * FROM incoming_endpoints")
            session.run("INSERT INTO connections BY NAME SELECT * FROM incoming")

    def replace_orphans(self, traces: pa.Table, orphans: pa.Table, generation: int) -> None:
        with (
            self._database.write() as session,
            session.given(wanted=traces, incoming_orphans=orphans),
        ):
            session.run(statement("delete_orphans"))
            session.run(statement("insert_orphans"))
            session.run(statement("set_analysed_generation"), generation=generation)

    def forget_answers(self) -> None:
        with self._database.write() as session:
            for table in ("endpoints", "connections", "orphans"):
                session.run(f"DELETE FROM {table}")
            session.run(statement("set_analysed_generation"), generation=0)


def _insert(
    session: Session,
    batch: SpanBatch,
    unknown: dict[str, set[int]],
    generation: int,
    stored_at: int,
) -> None:
    tables = {f"incoming_{f.name}": getattr(batch, f.name) for f in fields(batch)}
    with session.given(**tables):
        session.run(statement("insert_spans"), generation=generation, stored_at=stored_at)
        for name in unknown:
            session.run(statement(f"insert_{name}"))
        for name in ("links", "events", "messaging"):
            if tables[f"incoming_{name}"].num_rows:
                session.run(f"INSERT INTO {name} BY NAME SELECT * FROM incoming_{name}")
        if batch.messaging.num_rows:
            session.run(statement("insert_message_keys"))
        session.run(statement("insert_work_keys"))
        if batch.correlation.num_rows:
            session.run(statement("insert_correlation"))


def _keep(batch: SpanBatch, kept: pl.DataFrame) -> SpanBatch:
    """The batch with the spans of these rows, and once each of the rows under them."""
    parts = {
        name: pl.DataFrame(getattr(batch, name))
        .unique(maintain_order=True)
        .join(kept, on=_PART, how="semi", maintain_order="left")
        .to_arrow()
        for name in ("links", "events", "messaging", "correlation")
    }
    spans = pl.DataFrame(batch.spans)[kept["row"]].to_arrow()
    return SpanBatch(batch.resources, batch.scopes, spans, **parts)


def _repeats(ids: U64Array) -> bool:
    ordered = ids.copy()
    ordered.sort()
    return bool((ordered[1:] == ordered[:-1]).any())
