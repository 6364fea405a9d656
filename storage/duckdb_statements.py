"""The SQL of the DuckDB engine: one statement a file, under `storage/sql`.

Values go in as parameters, never as text. The only text filled in are names out of
this package (column lists of the schemas, the source of a search) and conditions on
generations (duckdb_places.py).
"""

from functools import cache
from importlib import resources


def statement(name: str, **names: str) -> str:
    """The text of `sql/<name>.sql` with its `{names}` filled in."""
    return _read(name).format(**names) if names else _read(name)


@cache
def _read(name: str) -> str:
    return (resources.files("storage") / "sql" / f"{name}.sql").read_text("utf-8")
