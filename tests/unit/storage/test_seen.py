"""The filter of span ids that were seen."""

import numpy as np
import numpy.typing as npt

from storage import schema
from storage.memory_frames import read
from storage.seen import SeenIds
from tests.contract.rows import make_table


def _ids(seed: int, count: int) -> npt.NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 2**64 - 1, count, np.uint64)


def test_an_id_that_was_added_is_never_called_new() -> None:
    seen = SeenIds()
    for seed in range(5):
        seen.add(_ids(seed, 8192))
    assert all(seen.may_hold(_ids(seed, 8192)).all() for seed in range(5))


def test_almost_all_new_ids_are_known_to_be_new_even_when_it_is_full() -> None:
    seen = SeenIds()
    seen.add(_ids(1, seen.capacity))
    assert not seen.full
    # 36 expected; twice that would be a broken hash, not chance.
    assert seen.may_hold(_ids(2, 1_000_000)).sum() < 75


def test_an_empty_filter_holds_nothing_and_nothing_is_held_of_no_ids() -> None:
    seen = SeenIds()
    assert not seen.may_hold(_ids(1, 1000)).any()
    assert len(seen.may_hold(_ids(1, 0))) == 0


def test_it_asks_to_be_filled_again_when_it_holds_more_than_planned() -> None:
    seen = SeenIds()
    small = seen.capacity
    seen.add(_ids(1, small + 1))
    assert seen.full
    seen.clear(seen.count)
    assert seen.capacity == 4 * small
    assert not seen.full
    assert not seen.may_hold(_ids(1, 1000)).any()


def test_it_stops_growing_at_its_largest() -> None:
    seen = SeenIds()
    seen.clear(10**12)
    largest = seen.capacity
    assert seen._words.nbytes == 128 * 2**20
    seen.count = largest + 1
    assert not seen.full


def test_the_halves_of_an_id_are_not_interchangeable() -> None:
    seen = SeenIds()
    rows = [
        {"trace_hi": 1, "trace_lo": 2, "span_id": 3},
        {"trace_hi": 2, "trace_lo": 1, "span_id": 3},
        {"trace_hi": 3, "trace_lo": 2, "span_id": 1},
        {"trace_hi": 1, "trace_lo": 2, "span_id": 3},
    ]
    hashed = seen.hash_ids(read(make_table(schema.SPAN_IDS, rows)))
    assert len(set(hashed.tolist())) == 3
    assert hashed[0] == hashed[3]
    assert len(seen.hash_ids(read(schema.SPAN_IDS.empty_table()))) == 0


def test_two_filters_hash_differently() -> None:
    table = read(make_table(schema.SPAN_IDS, [{"trace_hi": 1, "trace_lo": 2, "span_id": 3}]))
    assert SeenIds().hash_ids(table)[0] != SeenIds().hash_ids(table)[0]
