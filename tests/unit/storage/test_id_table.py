"""Ids are found where they stand, however they are chosen."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import id_table
from storage.arrays import U64Array
from storage.id_table import IdTable

# Counted up, all alike in their lower or upper halves, and repeated ones.
IDS = st.lists(
    st.integers(0, 9)
    | st.integers(0, 2**16 - 1).map(lambda n: n << 48)
    | st.integers(2**63, 2**64 - 1),
    max_size=60,
)


def numbers(ids: list[int]) -> U64Array:
    return np.array(ids, np.uint64)


def check(ids: list[int], keys: list[int]) -> None:
    table = IdTable(numbers(ids))
    places, found = table.find(numbers(keys))
    assert found.tolist() == [key in ids for key in keys]
    assert places[found].tolist() == [ids.index(key) for key in keys if key in ids]
    assert table.are_unique == (len(set(ids)) == len(ids))


@given(IDS, IDS)
def test_finds_the_first_place_of_each(ids: list[int], keys: list[int]) -> None:
    check(ids, keys)
    check(ids, ids[::-1])


@given(IDS, IDS)
def test_ids_that_all_come_to_stand_in_one_place_are_found_as_others_are(
    ids: list[int], keys: list[int]
) -> None:
    with patch.object(id_table, "_FACTOR", np.uint64(0)):
        check(ids, keys)
        check(ids, ids[::-1])


@pytest.mark.parametrize("count", [5_000, 40_000])
def test_finds_many(count: int) -> None:
    ids = np.random.default_rng(1).permutation(np.arange(2 * count, dtype=np.uint64) << 31)
    table = IdTable(ids[:count])
    places, found = table.find(ids)
    assert table.are_unique
    assert found.tolist() == [True] * count + [False] * count
    assert np.array_equal(places[:count], np.arange(count))
