"""One ClickHouse database: sessions that see one state, writes that count as a whole."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

import polars as pl
import pyarrow as pa

from storage.clickhouse.client import Client
from storage.clickhouse.fences import Fence
from storage.clickhouse.journal import Journal, Name
from storage.clickhouse.opening import prepare
from storage.clickhouse.snapshot import Snapshot, put_rows
from storage.clickhouse.statements import Value, fill
from storage.clickhouse.tables import TABLES
from storage.clickhouse.url import parse_url
from storage.contract import StoreError
from storage.memory_frames import arrow
from storage.readers import Readers

_CHECK_SECONDS = 20.0


class Session:
    """Asks about one state of the store."""

    def __init__(self, client: Client, snapshot: Snapshot) -> None:
        self._client = client
        self.snapshot = snapshot
        self._rows = snapshot.rows(client.address.database)
        self._given: dict[str, pa.Table] = {}

    @contextmanager
    def given(self, **tables: pa.Table) -> Iterator[None]:
        """Arrow tables that statements can name inside the block."""
        before = self._given
        self._given = before | tables
        try:
            yield
        finally:
            self._given = before

    def select(self, text: str, **values: Value) -> pa.Table:
        filled, parameters = fill(text, values)
        named = {name: table for name, table in self._given.items() if name in filled}
        return self._client.select(put_rows(filled, self._rows), parameters, named)

    def look_up(self, text: str, **values: Value) -> pa.Table:
        """As `select`: few rows cost nothing less in another way."""
        return self.select(text, **values)

    def stream(self, text: str) -> Iterator[pa.RecordBatch]:
        return self._client.stream(put_rows(text, self._rows))


class Write:
    """What is written under one number, which counts when it is committed."""

    def __init__(self, client: Client, name: Name, number: int, before: Snapshot) -> None:
        self._client, self._name, self.number = client, name, number
        self.session = Session(client, before)
        """Asks about the state before, when the number was claimed."""
        self.detail: dict[str, Any] = {}
        """What the state is from then on (Snapshot.state)."""
        self.after = Snapshot()
        """The state after the commit."""

    def insert(self, table: str, rows: pl.DataFrame | pa.Table) -> None:
        """Rows of one table, at most once a table."""
        if isinstance(rows, pl.DataFrame):
            rows = arrow(rows, TABLES[table].columns)
        self._client.insert(table, rows, f"{self._name}-{self.number}")


class Database:
    """Raises StoreError only."""

    def __init__(self, url: str) -> None:
        self.client = Client(parse_url(url))
        try:
            prepare(self.client)
        except BaseException:
            self.client.close()
            raise
        self.journal = Journal(self.client)
        self._readers = Readers()
        self._answering = Lock()
        self._refusal: str | None = None
        self._closing = Lock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the store."""
        with self.open():
            yield Session(self.client, self.journal.look())

    @contextmanager
    def write(self, name: Name, fence: Fence | None = None) -> Iterator[Write]:
        """A write that counts when the block ends, and never when it raises; with a `fence`
        one of the analysis."""
        with self.open():
            write = Write(self.client, name, *self.journal.claim(name, fence))
            try:
                yield write
            except BaseException:
                # Where this fails too, others abort it when they have waited for long.
                with suppress(StoreError):
                    self.journal.abort(name, write.number)
                raise
            write.after = self.journal.commit(name, write.number, **write.detail)

    @contextmanager
    def write_again(self, generations: Sequence[int]) -> Iterator[Write]:
        """A write of appends that have their numbers, in order, larger than any there is."""
        with self.open():
            write = Write(self.client, "spans", generations[-1], Snapshot())
            yield write
            write.after = self.journal.record("spans", generations)

    @contextmanager
    def answer(self, fence: Fence | None = None) -> Iterator[Write]:
        """A write of an answer, one at a time in this process."""
        with self._answering, self.write("answers", fence) as write:
            yield write

    def note(self, fence: Fence | None = None, **detail: Any) -> None:
        """Change the state, nothing else."""
        with self.answer(fence) as write:
            write.detail |= detail

    def look(self) -> Snapshot:
        """The state of the store now."""
        with self.read() as session:
            return session.snapshot

    def check(self) -> None:
        """Have the server write something, which is taken out later (`deletes`)."""
        with self.open(), self.client.within(_CHECK_SECONDS):
            self.journal.note_check()

    @contextmanager
    def open(self) -> Iterator[None]:
        """A block that `close` waits for."""
        with self._readers.entered():
            self._raise_refusal()
            yield

    def close(self) -> None:
        """Waits for whoever reads or writes."""
        with self._closing:
            if self._refusal is not None:
                return
            self._refusal = "The store is closed."
        self._readers.wait_until_none()
        self.client.close()

    def _raise_refusal(self) -> None:
        if self._refusal is not None:
            raise StoreError(self._refusal)
