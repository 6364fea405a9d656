"""What storage.cheap_rows gives is what Polars' queries give."""

from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

from storage.cheap_rows import (
    at,
    distinct,
    is_among,
    is_given,
    pair,
    places_among,
    stack,
    where,
    with_series,
)

NUMBERS = st.lists(st.none() | st.integers(0, 9) | st.just(2**64 - 1), max_size=12)


def series(values: list[int | None]) -> pl.Series:
    return pl.Series("id", values, pl.UInt64)


@given(NUMBERS, st.randoms(use_true_random=False))
def test_picks_the_rows_that_polars_picks(values: list[int | None], random: Random) -> None:
    frame = pl.DataFrame({"id": series(values), "text": [str(value) for value in values]})
    frame = frame.cast({"text": pl.String})
    mask = pl.Series([random.choice([True, False, None]) for _ in values], dtype=pl.Boolean)
    places = [random.randrange(len(values)) for _ in values]
    assert_frame_equal(where(frame, mask), frame.filter(mask))
    assert_frame_equal(at(frame, np.array(places, np.uint32)), frame[places])
    assert_frame_equal(at(frame, pl.Series(places, dtype=pl.UInt32)), frame[places])


@given(NUMBERS)
def test_tells_what_is_given(values: list[int | None]) -> None:
    numbers = series(values)
    texts = numbers.cast(pl.String)
    for column in (numbers, texts):
        assert_series_equal(is_given(column), column.is_not_null())


@given(NUMBERS, NUMBERS)
def test_finds_keys_as_joins_do(keys: list[int | None], others: list[int | None]) -> None:
    told, known = series(keys), series(others)
    places = [others.index(key) if key is not None and key in others else None for key in keys]
    assert_series_equal(places_among(told, known), pl.Series("id", places, pl.UInt32))
    assert is_among(told, known).to_list() == [place is not None for place in places]
    assert distinct(told).to_list() == list(dict.fromkeys(keys))


def test_different_pairs_are_different_numbers() -> None:
    pairs = [(0, 0), (0, 1), (1, 0), (2**32 - 1, 0), (0, 2**32 - 1), (1, None), (None, 1)]
    numbers = pair(*(pl.Series(side, dtype=pl.UInt32) for side in zip(*pairs, strict=True)))
    assert numbers.null_count() == 2
    assert numbers.drop_nulls().n_unique() == 5


def test_replaces_and_adds_columns() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    doubled = frame["a"] * 2
    found = with_series(frame, doubled, c=doubled)
    assert_frame_equal(found, frame.with_columns(doubled, c=doubled))


def test_stacks_frames_of_the_same_columns() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    parts = [frame.clear(), frame, frame.clear(), frame[1:]]
    assert_frame_equal(stack(parts), pl.concat(parts))
    assert_frame_equal(stack([frame]), frame)
    assert_frame_equal(stack([frame, frame.clear()]), frame)
    with pytest.raises(pl.exceptions.PolarsError):
        stack([frame, frame.rename({"a": "other"})])


def test_a_frame_without_rows_is_no_special_case() -> None:
    frame = pl.DataFrame(schema={"a": pl.UInt64, "b": pl.String})
    assert_frame_equal(where(frame, pl.Series([], dtype=pl.Boolean)), frame)
    assert_frame_equal(at(frame, np.array([], np.uint32)), frame)


def test_finds_numbers_of_any_width_and_sign() -> None:
    keys, others = [3, None, -1, 0], [0, -1, None, 3]
    for type_ in (pl.Int8, pl.Int32, pl.Int64):
        told, known = (pl.Series("id", values, type_) for values in (keys, others))
        assert places_among(told, known).to_list() == [3, None, 1, 0]
        assert is_among(told, known).to_list() == [True, False, True, True]
        assert is_among(told, known.slice(0, 2)).to_list() == [False, False, True, True]


def test_picks_from_columns_that_came_in_parts_and_from_those_that_say_nothing() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [None, None]}, schema={"a": pl.Int64, "b": pl.String})
    parts = frame.vstack(frame)
    places = pl.Series([3, 0, 1, 1, 2], dtype=pl.UInt32)
    assert_frame_equal(at(parts, places), parts.rechunk()[places])
