"""The SQL of the DuckDB engine: one statement a file, under `storage/sql`.

Values go in as parameters, never as text. The only text filled in are names out of
this package (column lists of the schemas, the source of a search) and conditions on
generations (duckdb_places.py).
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources


def statement(name: str, **names: str) -> str:
    """The text of `sql/<name>.sql` with its `{names}` filled in."""
    return _read(name).format(**names) if names else _read(name)


def equals(given: Mapping[str, str | None], prefix: str) -> tuple[str, dict[str, str]]:
    """The condition that columns have these values, and the parameters it names. Null is a
    value like any other; plain comparisons are far cheaper than IS NOT DISTINCT FROM."""
    told = {name: value for name, value in given.items() if value is not None}
    conditions = (
        f"{name} = ${prefix}_{name}" if name in told else f"{name} IS NULL" for name in given
    )
    return " AND ".join(conditions), {f"{prefix}_{name}": each for name, each in told.items()}


@cache
def _read(name: str) -> str:
    return (resources.files("storage") / "sql" / f"{name}.sql").read_text("utf-8")
