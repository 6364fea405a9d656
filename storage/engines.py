"""Stores by URL. Each engine is imported only when it is asked for."""

from pathlib import Path

from storage.contract import SpanStore, StoreError


def open_store(url: str) -> SpanStore:
    """The store of a URL: "memory:", or "duckdb:" with the path of a file or of a
    directory that holds one. Raises StoreError when it cannot be opened."""
    engine, _, path = url.partition(":")
    if engine == "memory":
        from storage.memory import MemoryStore

        return MemoryStore()
    if engine == "duckdb" and path:
        from storage.duckdb_store import DuckDBStore

        return DuckDBStore(path)
    raise StoreError(f'The store "{url}" is not one of "memory:", "duckdb:PATH".')


def locate_request_log(url: str) -> Path | None:
    """The directory beside the store for what is acknowledged and not in it yet; None for
    a store that forgets everything."""
    engine, _, path = url.partition(":")
    if engine != "duckdb":
        return None
    from storage.duckdb_opening import locate

    file = locate(path)
    return file.with_name(file.name + ".requests")
