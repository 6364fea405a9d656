"""The SQL of the ClickHouse engine: one statement a file, under `storage/clickhouse/sql`, or
under `storage/sql` where DuckDB's reads the same.

A statement names the rows that count as `FROM spans`, `FROM endpoints` and so on; what those
are is filled in by `snapshot`. Values are written `$name`.
"""

import re
from functools import cache
from importlib import resources

Value = int | float | str | bool | None

_COMMENT = re.compile(r"^\s*--.*\n", re.M)
_VALUE = re.compile(r"\$([a-z_0-9]+)(?:::[A-Z]+)?")


def statement(name: str, **names: str) -> str:
    """The text of `sql/<name>.sql` with its `{names}` filled in."""
    return _read(name).format(**names) if names else _read(name)


def fill(text: str, values: dict[str, Value]) -> tuple[str, dict[str, str]]:
    """The text with its `$values`, and the parameters that it has to be sent with: texts.
    Numbers stand in it as they are, so that ClickHouse picks the smallest type, and NULL as
    the null that compares with everything; casts, which DuckDB needs, are left out."""
    parameters: dict[str, str] = {}

    def put(match: re.Match[str]) -> str:
        value = values[match[1]]
        if isinstance(value, str):
            parameters[match[1]] = value
            return f"{{{match[1]}:String}}"
        return "NULL" if value is None else repr(value).lower()

    return _VALUE.sub(put, text), parameters


@cache
def _read(name: str) -> str:
    storage = resources.files("storage")
    own = storage / "clickhouse" / "sql" / f"{name}.sql"
    text = (own if own.is_file() else storage / "sql" / f"{name}.sql").read_text("utf-8")
    return _COMMENT.sub("", text)
