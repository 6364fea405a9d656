"""Stores by URL. Each engine is imported only when it is asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.contract import SpanStore, StoreError


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
    if engine in {"clickhouse", "clickhouses"}:
        from storage.clickhouse.store import ClickHouseStore

        return ClickHouseStore(url)
    shown = re.sub("//.*@", "//", url)  # a password in it stays out of logs
    raise StoreError(
        f'The store "{shown}" is not one of "memory:", "duckdb:PATH", "clickhouse://HOST/DATABASE".'
    )


@contextmanager
def rewritten_store(url: str) -> Iterator[tuple[SpanStore, SpanStore]]:
    """The store of a URL, and an empty one that takes its place when the block ends; when
    it raises, or the process dies, the store is as it was. Raises StoreError."""
    engine, _, path = url.partition(":")
    if engine != "duckdb" or not path:
        raise StoreError(f'The store "{url}" is not a file that could be written anew.')
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
