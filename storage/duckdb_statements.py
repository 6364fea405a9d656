"""The SQL of the DuckDB engine: one statement a file, under `storage/sql`.

Values go in as parameters, never as text. The only text filled in are names out of
this package: column lists of the schemas, and the source of a search.
"""

from functools import cache
from importlib import resources


@cache
def statement(name: str, **names: str) -> str:
    """The text of `sql/<name>.sql` with its `{names}` filled in."""
    text = (resources.files("storage") / "sql" / f"{name}.sql").read_text("utf-8")
    return text.format(**names) if names else text
