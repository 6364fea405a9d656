"""Stores by URL. Each engine is imported only when it is asked for."""

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
