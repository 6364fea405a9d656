"""Conditions on the numbers that rows carry."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from storage import duckdb_places
from storage.duckdb_database import Database
from storage.duckdb_places import RowPlaces, span_places
from storage.duckdb_store import DuckDBStore
from tests.contract.rows import make_batch, span


@pytest.fixture
def places(tmp_path: Path) -> Iterator[RowPlaces]:
    database = Database(tmp_path / "store.duckdb")
    yield span_places(database)
    database.close()


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[RowPlaces]:
    """Of a store with three appends, trace 1 in the first, 2 and 3 in the others."""
    path = tmp_path / "stored.duckdb"
    store = DuckDBStore(str(path))
    for trace in (1, 2, 3):
        store.append(make_batch([span(trace, trace)]), stored_at_unix_nano=5)
    store.close()
    database = Database(path)
    yield span_places(database)
    database.close()


def _numbers(*numbers: int) -> "pa.ChunkedArray[pa.UInt64Scalar]":
    return pa.chunked_array([pa.array(numbers, pa.uint64())])


def test_few_numbers_are_named_each_once(places: RowPlaces) -> None:
    assert places.among(_numbers(7, 3, 7), "wide") == "generation IN (3, 7)"


def test_no_number_is_no_row(places: RowPlaces) -> None:
    assert places.among(_numbers(), "wide") == "false"


def test_many_numbers_leave_the_condition_as_it_was(places: RowPlaces) -> None:
    assert places.among(_numbers(*range(64)), "wide").startswith("generation IN (0, 1,")
    assert places.among(_numbers(*range(65)), "wide") == "wide"


def test_what_is_not_known_yet_is_read(stored: RowPlaces) -> None:
    assert stored.within(_numbers(2)) == "(generation > 0)"
    stored.learn()
    assert stored.within(_numbers(4)) == "(generation > 3)"
    assert stored.within(_numbers(2)) != "(generation > 3)"


def test_places_that_are_made_anew_know_all_at_once(
    stored: RowPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.learn()
    before = stored.within(_numbers(1, 2, 3))
    monkeypatch.setattr(duckdb_places, "_WORTH_RENEWING", -100)
    stored.learn()
    assert stored.within(_numbers(1, 2, 3)) == before
    assert stored.within(_numbers(4)) == "(generation > 3)"


def test_new_ids_are_those_that_no_row_before_has(stored: RowPlaces) -> None:
    ids = np.array([3, 5, 6], np.uint64)
    assert stored.are_new(ids, 4) is None  # nothing is known of the rows before
    stored.learn()
    assert stored.are_new(ids, 5) is None
    assert stored.are_new(ids, 3) is None
    for first, expected in ((4, [5, 6]), (6, [])):
        found = stored.are_new(ids, first)
        assert found is not None
        assert ids[found].tolist() == expected
        stored.learn_written(ids, first, first + 1)
