"""A frame in little memory of its own."""

import polars as pl
from polars.testing import assert_frame_equal

from storage.lean_rows import LeanRows

_ROWS = pl.DataFrame(
    {
        "id": [1, 1, 1],
        "name": ["a", "b", "a"],
        "kind": [5, 5, 5],
        "note": [None, None, None],
        "maybe": ["x", None, "x"],
        "number": [2, 3, 2],
    },
    schema_overrides={"id": pl.UInt64, "kind": pl.Int32, "note": pl.String, "number": pl.UInt32},
)


def test_rows_come_out_as_they_went_in() -> None:
    for copied in (True, False):
        assert_frame_equal(LeanRows(_ROWS, copied=copied).frame(), _ROWS)
        assert_frame_equal(LeanRows(_ROWS[:1], copied=copied).frame(), _ROWS[:1])
        assert_frame_equal(LeanRows(_ROWS[:0], copied=copied).frame(), _ROWS[:0])


def test_columns_are_chosen_in_any_order() -> None:
    for columns in (["kind"], ["number", "note", "id"], ["maybe", "name"]):
        for copied in (True, False):
            found = LeanRows(_ROWS, copied=copied).frame(columns)
            assert_frame_equal(found, _ROWS.select(columns))


def test_what_is_the_same_in_every_row_takes_no_space() -> None:
    many = pl.concat([_ROWS[:1]] * 10_000)
    assert LeanRows(many.select("id", "name", "kind")).nbytes < 9 * many.height
    assert LeanRows(many).nbytes == LeanRows(many.select("id")).nbytes


def test_a_part_of_a_long_text_column_does_not_hold_all_of_it() -> None:
    texts = pl.DataFrame({"text": [f"{n} {'x' * 1_000}" for n in range(100)]})
    assert LeanRows(texts[:2], copied=False).nbytes < 3_000
