"""Rows of dictionaries are kept, as far as they are few and small."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from storage import duckdb_dictionaries
from storage.duckdb_database import Database
from storage.duckdb_dictionaries import Dictionary

LARGE, SMALL = 2_000, 10


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """With rows of 1, 2, 3, … in a table `texts`, of which 1 to 4 are large."""
    opened = Database(tmp_path / "store.duckdb")
    with opened.write() as session:
        session.run(
            "CREATE TABLE texts AS SELECT number::UINTEGER AS number,"
            f" repeat('x', CASE WHEN number < 5 THEN {LARGE} ELSE {SMALL} END) AS text"
            " FROM range(1, 20) AS numbers(number)"
        )
    yield opened
    opened.close()


def _kept(texts: Dictionary) -> list[int]:
    rows = texts._kept
    return [] if rows is None else sorted(rows.rows["number"].to_numpy().tolist())


def test_large_rows_are_told_and_not_all_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_dictionaries, "_MOST_BYTES", 2 * LARGE)
    texts = Dictionary("texts")

    def ask(*numbers: int) -> None:
        with database.read() as session:
            told = texts.named(session, pa.chunked_array([pa.array(numbers, pa.uint32())]))
        assert sorted(told["number"].to_numpy().tolist()) == sorted(numbers)

    ask(5, 6)
    assert _kept(texts) == [5, 6]
    ask(1, 5)
    assert _kept(texts) == [1, 5, 6]
    ask(2, 5)
    assert _kept(texts) == [2]
    ask(1, 2, 3, 4)
    assert _kept(texts) == []
    ask(7, 1)
    assert _kept(texts) == [1, 7]
