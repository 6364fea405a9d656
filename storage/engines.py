"""Stores by URL. Each engine is imported only when it is asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.contract import SpanStore, StoreError

_SHARED = frozenset({"clickhouse", "clickhouses"})


def open_store(url: str) -> SpanStore:
    """The store of a URL: "memory:", "duckdb:" with the path of a file or of a directory that
    holds one, or that of a ClickHouse database. Raises StoreError when it cannot be opened."""
    engine, _, path = url.partition(":")
    if engine == "memory":
        from storage.memory import MemoryStore

        return MemoryStore()
    if engine == "duckdb" and path:
        from storage.duckdb_store import DuckDBStore

        return DuckDBStore(path)
    if engine in _SHARED:
        from storage.clickhouse.store import ClickHouseStore

        return ClickHouseStore(url)
    raise StoreError(
        f'The store "{without_secret(url)}" is not one of "memory:", "duckdb:PATH", "clickhouse://HOST/DATABASE".'
    )


def is_shared(url: str) -> bool:
    """Whether several processes may have the store open at once."""
    return url.partition(":")[0] in _SHARED


def without_secret(url: str) -> str:
    """The URL as it may be shown and logged: without a user and a password."""
    return re.sub("//.*@", "//", url)


@contextmanager
def rewritten_store(url: str) -> Iterator[tuple[SpanStore, SpanStore]]:
    """The store of a URL, and an empty one that takes its place when the block ends; when
    it raises, or the process dies, the store is as it was. Raises StoreError."""
    engine, _, path = url.partition(":")
    if engine != "duckdb" or not path:
        raise StoreError(
            f'The store "{without_secret(url)}" is not a file that could be written anew.'
        )
    from storage.duckdb_replacement import replaced

    with replaced(path) as stores:
        yield stores


def locate_request_log(url: str) -> Path | None:
    """The directory beside the store for what is acknowledged and not in it yet; None for
    a store that forgets everything."""
    engine, _, path = url.partition(":")
    if engine != "duckdb":
        return None
    from storage.duckdb_opening import locate

    file = locate(path)
    return file.with_name(file.name + ".requests")
