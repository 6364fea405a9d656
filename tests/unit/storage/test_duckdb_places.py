"""Conditions on the numbers that rows carry."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from storage.duckdb_database import Database
from storage.duckdb_places import RowPlaces, span_places


@pytest.fixture
def places(tmp_path: Path) -> Iterator[RowPlaces]:
    database = Database(tmp_path / "store.duckdb")
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
