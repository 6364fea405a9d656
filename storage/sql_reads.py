"""What reads that engines of SQL share need of an engine: only the text of their statements
differs. `sql_answers`, `sql_destinations`, `sql_handovers` and `sql_search` are made of it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from storage.results import fit

Value = int | float | str | bool | None


class SqlSession(Protocol):
    """Asks about one state of the store."""

    def select(self, text: str, **values: Value) -> pa.Table: ...

    def look_up(self, text: str, **values: Value) -> pa.Table:
        """As `select`, for what gives few rows as a rule."""
        ...


class GivingSession(SqlSession, Protocol):
    def given(self, **tables: pa.Table) -> AbstractContextManager[None]:
        """Arrow tables that statements can name inside the block."""
        ...


class SqlDatabase(Protocol):
    def read(self) -> AbstractContextManager[SqlSession]: ...


class Statement(Protocol):
    """The text of the engine's statement of this name, with its `{names}` filled in."""

    def __call__(self, name: str, **names: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Sql:
    """An engine that is asked with one statement at a time."""

    database: SqlDatabase
    statement: Statement

    def ask(
        self, schema: pa.Schema, name: str, names: Mapping[str, str] | None = None, **values: Value
    ) -> pa.Table:
        """What the statement `name` gives, in columns of `schema`. Raises StoreError."""
        text = self.statement(name, **(names or {}))
        with self.database.read() as session:
            return fit(session.select(text, **values), schema)

    def look_up(
        self, schema: pa.Schema, name: str, names: Mapping[str, str], **values: Value
    ) -> pa.Table:
        """As `ask`, for what gives few rows as a rule."""
        text = self.statement(name, **names)
        with self.database.read() as session:
            return fit(session.look_up(text, **values), schema)
