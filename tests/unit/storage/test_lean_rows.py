"""Rows in little memory."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from storage.lean_rows import LeanRows, join_rows

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
_TYPES: "dict[str, pa.DataType]" = {
    "id": pa.uint64(),
    "name": pa.string(),
    "kind": pa.int32(),
    "note": pa.string(),
    "maybe": pa.string(),
    "number": pa.uint32(),
}
_SCHEMA = pa.schema(_TYPES)
_PLAIN = [dict(zip(_ROWS.columns, row, strict=True)) for row in _ROWS.iter_rows()]


def _lean(rows: pl.DataFrame = _ROWS, *, copied: bool = True) -> LeanRows:
    return LeanRows.of_frame(rows, _SCHEMA, {}, copied=copied)


def _told(rows: LeanRows) -> list[dict[str, Any]]:
    table = rows.table(_SCHEMA)
    assert table.schema == _SCHEMA
    return table.to_pylist()


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_come_out_as_they_went_in(count: int, copied: bool) -> None:
    rows = _lean(_ROWS[:count], copied=copied)
    assert _told(rows) == _PLAIN[:count]
    assert _told(LeanRows.of_table(rows.table(_SCHEMA))) == _PLAIN[:count]


def test_a_column_is_told_otherwise() -> None:
    (row,) = _told(LeanRows.of_frame(_ROWS[:1], _SCHEMA, {"name": pa.scalar("z")}, copied=True))
    assert row == _PLAIN[0] | {"name": "z"}


def test_rows_are_picked_in_any_order() -> None:
    assert _told(_lean().at(np.array([2, 1, 1]))) == [_PLAIN[2], _PLAIN[1], _PLAIN[1]]
    assert _told(_lean().at(np.array([], np.int64))) == []


def test_rows_are_joined_one_after_the_other() -> None:
    other = _ROWS[:2].with_columns(kind=pl.lit(6, pl.Int32), note=pl.lit("n"))
    parts = [_lean(_ROWS[:0]), _lean(), _lean(other), _lean(_ROWS[:1])]
    joined = join_rows(parts)
    plain = [*_PLAIN, *(row | {"kind": 6, "note": "n"} for row in _PLAIN[:2]), _PLAIN[0]]
    assert _told(joined) == plain
    assert _told(join_rows(parts[:1])) == []
    assert list(join_rows([_lean(), _lean()]).values("kind")) == [pa.scalar(5, pa.int32())]


def test_columns_are_read_by_themselves() -> None:
    rows = _lean()
    for name in ("id", "kind", "number"):
        numbers = rows.numbers(name)
        assert numbers.tolist() == _ROWS[name].to_list()
        assert numbers.dtype == _SCHEMA.field(name).type.to_pandas_dtype()
    assert set(rows.values("id").to_pylist()) == {1}
    assert set(rows.values("number").to_pylist()) == {2, 3}
    assert not len(rows.at(np.array([], np.int64)).values("id"))
    first, second, third = rows.codes("name").tolist()
    assert first == third != second
    assert len(set(_lean(_ROWS[:1]).codes("name").tolist())) == 1


def test_of_what_is_the_same_in_every_row_only_texts_count() -> None:
    """For each: of 10,000 names of a megabyte nobody could make a column."""
    many = pl.concat([_ROWS[:1]] * 10_000)
    assert _lean(many).nbytes == 20_000
    named = many.with_columns(name=pl.lit("ä" * 500))
    assert _lean(named).nbytes == 10_000 * (1_000 + 1)


def test_a_part_of_a_long_column_does_not_hold_all_of_it() -> None:
    types: dict[str, pa.DataType] = {"text": pa.string(), "number": pa.int64()}
    schema = pa.schema(types)
    rows = pl.DataFrame(
        {"text": [f"{n} {'x' * 1_000}" for n in range(100)], "number": list(range(100))}
    )
    before = pa.total_allocated_bytes()
    lean = LeanRows.of_frame(rows[:2], schema, {}, copied=True)
    assert lean.nbytes < 3_000
    buffers = [b for name in schema.names for b in lean.values(name).buffers() if b is not None]
    assert sum(buffer.size for buffer in buffers) < 3_000
    assert pa.total_allocated_bytes() - before < 10_000
