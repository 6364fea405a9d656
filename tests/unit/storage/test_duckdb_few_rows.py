"""Few rows come as the same Arrow table as very many, whichever way they take."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.duckdb_database import Database, Session
from storage.duckdb_few_rows import MOST_ROWS
from storage.duckdb_schema import TABLES, _column

_VALUES = {"VARCHAR": "'é\"'", "BOOLEAN": "true", "UBIGINT": f"{2**64 - 1}", "DOUBLE": "0.1"}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(tmp_path / "store.duckdb")
    with database.read() as session:
        yield session
    database.close()


@pytest.mark.parametrize("table", TABLES)
def test_every_table_reads_the_same(session: Session, table: str) -> None:
    types = (_column(table, field).split()[:2] for field in TABLES[table])
    columns = [f"{_VALUES.get(type_, '1')}::{type_} AS {name}" for name, type_ in types]
    nulls = [f"NULL::{each.rpartition('::')[2]}" for each in columns]
    for text in (
        f"SELECT {', '.join(columns)} UNION ALL SELECT {', '.join(nulls)}",
        f"SELECT * FROM {table}",
    ):
        found, asked = session.look_up(text), session.select(text)
        assert found.schema == asked.schema
        assert found == asked


@pytest.mark.parametrize("rows", [0, MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 5_000])
def test_any_number_of_rows_is_complete(session: Session, rows: int) -> None:
    found = session.look_up("SELECT range AS n FROM range($rows)", rows=rows)
    assert found["n"].to_pylist() == list(range(rows))
