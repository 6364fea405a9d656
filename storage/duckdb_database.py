"""One DuckDB file: opening it, one writer, many readers, errors as sentences.

One connection writes, under a lock. Each read has a cursor of its own (a connection to
the same instance) in a read-only transaction: it sees a whole append or none of it and
waits for no writer.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from storage.contract import DataRefused, StoreError, StoreUsage, TooMuchAtOnce
from storage.duckdb_few_rows import MOST_ROWS, make_table
from storage.duckdb_opening import connect, release
from storage.duckdb_statements import statement
from storage.readers import Readers

Value = int | float | str | bool | None

# How DuckDB says so where it is no OutOfMemoryException.
_NO_MEMORY = "could not allocate"
_QUIET_SECONDS = 2.0
# A checkpoint compresses half-filled row groups that the next one compresses again, and leaves
# holes in the file: between slow passes of the analysis it is quiet for seconds, too. So the
# quiet has to be this many times as long as the last checkpoint took, up to a minute.
_QUIET_TIMES, _LONGEST_QUIET_SECONDS = 10, 60.0
# Smaller than this a checkpoint is not worth its disk writes.
_WORTH_CHECKPOINT_BYTES = 4 * 2**20
# Longer than DuckDB's own threshold (CHECKPOINT_THRESHOLD): only where that was put off.
LONGEST_LOG_BYTES = 192 * 2**20
_PATIENCE_SECONDS = 2.0
_BUSY_SECONDS = 15.0
_FAULTS_OF_DATA = (
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.NotSupportedError,
    duckdb.ProgrammingError,
)


class Session:
    """A connection inside a transaction, as readers and the writer use it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        columns: dict[str, list[str]] | None = None,
    ) -> None:
        """`columns` are those of tables that were met, kept for the sessions to come."""
        self._connection = connection
        self._columns = {} if columns is None else columns

    @contextmanager
    def given(self, **tables: pa.Table) -> Iterator[None]:
        """Arrow tables that statements can name inside the block; not copied."""
        for name, table in tables.items():
            self._connection.register(name, table)
        try:
            yield
        finally:
            for name in tables:
                # In a transaction that failed names cannot be taken back; the next one
                # that gives them replaces them.
                with suppress(duckdb.TransactionException):
                    self._connection.unregister(name)

    def select(self, text: str, **values: Value) -> pa.Table:
        table: pa.Table = self._connection.sql(text, params=values or None).to_arrow_table()
        return table

    def look_up(self, text: str, **values: Value) -> pa.Table:
        """As `select`, for statements that give few rows as a rule, which costs less this way;
        those that give more are run again. Of types that tables of the store have."""
        self._connection.execute(text, values or None)
        rows = self._connection.fetchmany(MOST_ROWS)
        if len(rows) == MOST_ROWS:
            self._connection.abort()
            return self.select(text, **values)
        return make_table(self._connection.description or (), rows)

    def stream(self, text: str, rows: int) -> pa.RecordBatchReader:
        reader: pa.RecordBatchReader = self._connection.sql(text).to_arrow_reader(rows)
        return reader

    def run(self, text: str, **values: Value) -> None:
        self._connection.execute(text, values or None)

    def insert(self, table: str, rows: pa.Table) -> None:
        """`rows` have every column of the table, in any order of these; they are not copied.
        Costs 1 to 2 ms less than a statement that they are `given` to. Raises KeyError for a
        column that is missing."""
        columns = self._columns.get(table)
        if columns is None:
            columns = self._columns[table] = self._connection.table(table).columns
        self._connection.from_arrow(rows.select(columns)).insert_into(table)

    def change(self, text: str, **values: Value) -> int:
        """How many rows an INSERT, UPDATE or DELETE changed."""
        return int(self.select(text, **values)[0][0].as_py())


class Database:
    """Raises StoreError only; after a damage every call raises it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + ".wal")
        self._longest_log = LONGEST_LOG_BYTES
        self._writer = connect(path)
        self._writing = threading.Lock()
        self._columns: dict[str, list[str]] = {}
        self._checkpoint_count, self._checkpoint_seconds = 0, 0.0
        self._quiet_seconds = _QUIET_SECONDS
        self._readers = Readers()
        self._refusal: str | None = None
        self.broken = False
        self._written = threading.Event()
        self._closing = threading.Event()
        self._checkpoints = threading.Thread(
            target=self._checkpoint_when_quiet, name="duckdb-checkpoint", daemon=True
        )
        self._checkpoints.start()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the store."""
        with self._readers.entered():
            self._raise_refusal()
            with self._store_errors(), self._writer.cursor() as cursor:
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                yield Session(cursor)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is durable when the block ends, undone when it raises."""
        with self._writing:
            self._raise_refusal()
            with self._store_errors():
                if _size(self._log) > self._longest_log:
                    self._checkpoint()
                self._writer.begin()
                try:
                    yield Session(self._writer, self._columns)
                    self._writer.commit()
                except BaseException:
                    # After a fatal error there is no transaction left to undo.
                    with suppress(duckdb.Error):
                        self._writer.rollback()
                    raise
        self._written.set()

    def check(self) -> None:
        """Commit a change of one row. A writer that is busy for long is a failure too."""
        if not self._writing.acquire(timeout=_BUSY_SECONDS):
            raise StoreError(f"The store has been writing for {_BUSY_SECONDS:.0f} seconds.")
        self._writing.release()
        with self.write() as session:
            session.run(statement("touch_state"))

    def check_open(self) -> None:
        """Raise StoreError when the store is closed or damaged."""
        self._raise_refusal()

    def usage(self) -> StoreUsage:
        return StoreUsage(
            file_bytes=_size(self._path),
            used_bytes=self._read_used_bytes(),
            log_bytes=_size(self._log),
            checkpoints=self._checkpoint_count,
            checkpoint_seconds=self._checkpoint_seconds,
        )

    def checkpoint(self) -> bool:
        """False when readers stayed inside for long."""
        with self._writing:
            self._raise_refusal()
            with self._store_errors():
                return self._checkpoint()

    def _read_used_bytes(self) -> int:
        """In whole blocks, since the last checkpoint; the size of the file when DuckDB
        does not say."""
        try:
            with self._writer.cursor() as cursor:
                row = cursor.execute(statement("used_bytes")).fetchone()
        except duckdb.Error:
            row = None
        return _size(self._path) if row is None else int(row[0])

    def close(self) -> None:
        """Waits for readers and the writer; a clean close leaves no write-ahead log."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._refusal = self._refusal or "The store is closed."
        self._readers.wait_until_none()
        self._written.set()
        self._checkpoints.join()
        with self._writing, suppress(duckdb.Error):
            self._writer.close()
        release(self._path)

    def _raise_refusal(self) -> None:
        if self._refusal is not None:
            raise StoreError(self._refusal)

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.FatalException, duckdb.InternalException) as error:
            # DuckDB refuses everything from now on; saying so once is not enough.
            self.broken = True
            self._refusal = (
                f"The store is damaged or was invalidated ({_first_line(error)}); "
                "restart, and restore a backup if that does not help."
            )
            raise StoreError(self._refusal) from error
        except duckdb.OutOfMemoryException as error:
            raise _too_much(error) from error
        except _FAULTS_OF_DATA as error:
            raise DataRefused(f"The store refused this: {_first_line(error)}") from error
        except duckdb.Error as error:
            if _NO_MEMORY in str(error):  # of a commit
                raise _too_much(error) from error
            raise StoreError(f"The store failed: {_first_line(error)}") from error

    def _checkpoint_when_quiet(self) -> None:
        """Move the write-ahead log into the file when nobody writes, so that neither a
        commit under load nor the next start has to."""
        while self._written.wait():
            self._written.clear()
            if self._closing.is_set():  # looked at last: `close` sets it before the other
                return
            if self._closing.wait(self._quiet_seconds) or self._written.is_set():
                continue
            # Whoever writes next meets the error and can tell someone.
            with self._writing, suppress(duckdb.Error):
                if _size(self._log) > _WORTH_CHECKPOINT_BYTES:
                    self._checkpoint()

    def _checkpoint(self) -> bool:
        """Move the log into the file, without readers: beside them DuckDB puts it off as
        long as rows that an UPDATE or DELETE replaced are in sight of one."""
        with self._readers.held_back(_PATIENCE_SECONDS) as alone:
            if alone:
                begun = time.monotonic()
                self._writer.execute("CHECKPOINT")
                took = time.monotonic() - begun
                self._checkpoint_count += 1
                self._checkpoint_seconds += took
                self._quiet_seconds = quiet_after(took)
        # A read that takes minutes must not make every append wait for it.
        more = 0 if alone else LONGEST_LOG_BYTES // 4
        self._longest_log = max(LONGEST_LOG_BYTES, _size(self._log) + more)
        return alone


def quiet_after(checkpoint_seconds: float) -> float:
    """Seconds without a write after which the next checkpoint is made."""
    return min(max(_QUIET_TIMES * checkpoint_seconds, _QUIET_SECONDS), _LONGEST_QUIET_SECONDS)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _too_much(error: Exception) -> TooMuchAtOnce:
    return TooMuchAtOnce(f"The store needs more memory than it may use ({_first_line(error)}).")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
