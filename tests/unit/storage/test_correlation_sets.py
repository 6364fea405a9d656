"""Which correlation sets an append stores, and with what time."""

import polars as pl

from storage.correlation_sets import date_sets

SETS = pl.DataFrame(
    {"correlation_id": [1, 1, 2, 3], "key": ["a", "b", "a", "a"], "value": list("wxyz")},
    schema_overrides={"correlation_id": pl.UInt64},
)


def spans(*rows: tuple[int | None, int, int]) -> pl.DataFrame:
    columns = {
        "correlation_id": pl.UInt64,
        "generation": pl.UInt64,
        "start_time_unix_nano": pl.Int64,
    }
    return pl.DataFrame(list(rows), schema=columns, orient="row")


def dated(found: pl.DataFrame) -> list[tuple[int, str, int, int]]:
    columns = ["correlation_id", "key", "generation", "start_time_unix_nano"]
    return sorted(found[columns].iter_rows())


def test_a_set_has_the_latest_start_of_the_spans_of_each_generation() -> None:
    carrying = spans((2, 5, 10), (1, 5, 30), (None, 5, 99), (1, 5, 20), (2, 5, 11), (1, 6, 1))
    found = date_sets(SETS, carrying)
    assert dated(found) == [
        (1, "a", 5, 30), (1, "a", 6, 1), (1, "b", 5, 30), (1, "b", 6, 1), (2, "a", 5, 11),
    ]  # fmt: skip
    assert found["generation"].is_sorted()
    assert found.columns == [*SETS.columns, "generation", "start_time_unix_nano"]


def test_a_set_that_came_twice_is_stored_once() -> None:
    found = date_sets(pl.concat([SETS, SETS]), spans((1, 5, 10)))
    assert dated(found) == [(1, "a", 5, 10), (1, "b", 5, 10)]


def test_spans_that_carry_nothing_store_nothing() -> None:
    for carrying in (spans((None, 5, 10)), spans()):
        found = date_sets(SETS, carrying)
        assert found.is_empty()
        assert found.columns == [*SETS.columns, "generation", "start_time_unix_nano"]
    assert date_sets(SETS.clear(), spans((1, 5, 10))).is_empty()
