"""Writing a DuckDB store anew beside itself: all of it takes the place of the old file, or
nothing does.

The old store stays open and so locked until then: no server can begin to write into what is
about to be replaced. A process that dies on the way leaves the old file as it was, and a
copy that the next opening removes (`duckdb_store`).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from storage.contract import StoreError
from storage.duckdb_opening import locate, name_replacement, remove_replacement
from storage.duckdb_store import DuckDBStore


@contextmanager
def replaced(path: str) -> Iterator[tuple[DuckDBStore, DuckDBStore]]:
    """`engines.rewritten_store` for a `duckdb:` URL's path."""
    file = locate(path).resolve()
    if not file.is_file():
        raise StoreError(f"There is no store at {file}; name another data directory.")
    with closing(DuckDBStore(path)) as old:
        copy = name_replacement(file)
        try:
            with closing(DuckDBStore(str(copy))) as new:
                yield old, new
            _replace(old, file, copy)
        finally:
            remove_replacement(file)


def _replace(old: DuckDBStore, file: Path, copy: Path) -> None:
    # A log beside a file of that name would be taken for the new file's.
    if not old.reclaim() or _has_log(file) or _has_log(copy):
        raise StoreError("The store is being read; it stays as it was. Try again.")
    try:
        shutil.copymode(file, copy)
        copy.replace(file)
        directory = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise StoreError(
            f"The store {file} cannot be replaced ({error.strerror}); it stays as it was."
        ) from error


def _has_log(file: Path) -> bool:
    log = file.with_name(file.name + ".wal")
    return log.is_file() and log.stat().st_size > 0
