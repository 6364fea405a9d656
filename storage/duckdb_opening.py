"""Opening a DuckDB file with our settings, and saying in a sentence why it cannot be."""

import os
import shutil
import threading
from pathlib import Path

import duckdb

from storage.contract import StoreError
from storage.duckdb_log_damage import repair_log, set_unread_log_aside
from storage.duckdb_schema import prepare

FILE_NAME = "tracestitch.duckdb"
# Where DuckDB's storage format says what it is.
_MAGIC, _MAGIC_OFFSET = b"DUCK", 8

# Size of the write-ahead log at which a commit also moves it into the file. At DuckDB's
# 16 MB that stalls a commit every few seconds; the log must still stay small enough to be
# replayed into memory after a crash, and its rows, which stay in memory until then, must
# leave room for pages of the file.
CHECKPOINT_THRESHOLD = "128MB"
MEMORY_LIMIT = "256MB"
# DuckDB's own is four times as large.
BLOCK_BYTES = 65_536

# How often what is left of a damaged log may turn out to be damaged too.
_REPAIRS = 3

# DuckDB shares one instance between connections of a process: it would let two stores
# of the same file write past each other's locks.
_open_paths: set[Path] = set()
_open_paths_lock = threading.Lock()


def locate(path: str) -> Path:
    """The file of a `duckdb:` URL's path, which names the file or its directory."""
    given = Path(path).expanduser()
    named = given.suffix in {".duckdb", ".db"} and not given.is_dir()
    return (given if named or given.is_file() else given / FILE_NAME).absolute()


def name_replacement(file: Path) -> Path:
    """Where a store is written anew, to take the place of this one (duckdb_replacement)."""
    return file.with_name(f"{file.stem}.new.duckdb")


def remove_replacement(file: Path) -> None:
    """What somebody left who was stopped while they wrote the store anew. Whoever has the
    store open may do so: nobody else writes it anew meanwhile."""
    copy = name_replacement(file)
    for left in (copy, copy.with_name(copy.name + ".wal")):
        left.unlink(missing_ok=True)
    shutil.rmtree(copy.with_name(copy.name + ".tmp"), ignore_errors=True)


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """The writer's connection to a store that is up to date. Raises StoreError."""
    path = path.resolve()
    with _open_paths_lock:
        if path in _open_paths:
            raise StoreError(f"The store {path} is open in this process already.")
        _open_paths.add(path)
    try:
        return _open(path)
    except BaseException:
        release(path)
        raise


def release(path: Path) -> None:
    with _open_paths_lock:
        _open_paths.discard(path.resolve())


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _raise_unless_duckdb(path)
        connection = _connect(path)
        connection = _prepare(connection)
        if set_unread_log_aside(_log_of(path), connection.close):
            connection = _prepare(_connect(path))
    except OSError as error:
        raise StoreError(
            f"The data directory {path.parent} cannot be used ({error.strerror}); name another."
        ) from error
    except duckdb.Error as error:
        raise StoreError(_explain(path, str(error))) from error
    # No other files, and no statement that could change that. Only now: DuckDB would
    # refuse the temporary directory.
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Raises duckdb.Error and OSError."""
    settings = _settings(path)
    for _ in range(_REPAIRS):
        try:
            return duckdb.connect(path, config=settings)
        except duckdb.Error as error:
            if not repair_log(_log_of(path), str(error)):
                raise
    return duckdb.connect(path, config=settings)


def _prepare(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """With current tables; closed again when it raises (StoreError, duckdb.Error)."""
    try:
        prepare(connection)
        # Table definitions must not be left in the write-ahead log: replaying those is
        # where DuckDB's recovery bugs have been.
        connection.execute("CHECKPOINT")
    except BaseException:
        connection.close()
        raise
    return connection


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _raise_unless_duckdb(path: Path) -> None:
    """DuckDB would take a file of another kind for a reason to load an extension."""
    if path.is_file():
        with path.open("rb") as file:
            if file.read(_MAGIC_OFFSET + len(_MAGIC))[_MAGIC_OFFSET:] != _MAGIC:
                raise StoreError(
                    f"The file {path} is not a DuckDB database; name another file or move it away."
                )


def _settings(path: Path) -> dict[str, str | bool | int | float | list[str]]:
    return {
        # A second thread makes the writer's inserts a quarter to a half dearer, and the
        # setting holds for the whole instance. Reads run on their callers' threads, so
        # that several go on at once even with one.
        "threads": max(1, min(4, (os.cpu_count() or 1) // 2)),
        # For pages of the file that are kept, and for queries, which go on on disk beyond
        # it. The default, 80 % of the machine, would grow with the store.
        "memory_limit": MEMORY_LIMIT,
        "checkpoint_threshold": CHECKPOINT_THRESHOLD,
        # Of files that are made: half-filled blocks, one a table and run of appends, take
        # less, and a look-up of few rows reads less.
        "default_block_size": BLOCK_BYTES,
        "temp_directory": str(path.with_name(path.name + ".tmp")),
        # No network, no Python variables as tables.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }


def _explain(path: Path, message: str) -> str:
    """DuckDB's message as a sentence that says what to do."""
    lower = message.lower()
    if "could not set lock" in lower:
        return (
            f"The store {path} is in use by another process; stop that one first, or ask its "
            "server where the command can."
        )
    if "newer version" in lower or "version number" in lower:
        return (
            f"The file {path} was written by another version of DuckDB; run the tracestitch "
            "that wrote it."
        )
    if "out of memory" in lower:
        return f"The store {path} needs more memory than it may use to be opened; it is unharmed."
    if "no space left" in lower:
        return (
            f"The disk of the store {path} is full; the store is unharmed. Make room for as much "
            "as it takes, which bringing an older one up to date may need."
        )
    if any(word in lower for word in ("permission", "read-only", "cannot open file")):
        return f"The store {path} cannot be written; check the permissions of its directory."
    first = message.strip().splitlines()[0]
    return f"The store {path} cannot be opened ({first}); restore a backup or move it away."
