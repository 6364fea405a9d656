"""Which generations may hold an id: never one too few, hardly one too many."""

import numpy as np
import pytest

from storage import places
from storage.arrays import U64Array
from storage.places import Places
from storage.seen import mix


def ids(seed: int, count: int) -> U64Array:
    return np.random.default_rng(seed).integers(0, 2**63, count, dtype=np.uint64)


def test_an_id_is_found_in_the_generation_it_was_added_to() -> None:
    known = Places()
    for generation in range(1, 6):
        known.add(ids(generation, 50_000), generation, generation)
    for generation in range(1, 6):
        found = known.find(ids(generation, 50_000)[:3])
        assert any(first <= generation <= last for first, last in found)


@pytest.mark.parametrize("place", [0, 1, 37, 4_999, 9_999])
def test_a_run_that_holds_one_id_of_very_many_is_found(place: int) -> None:
    known = Places()
    for generation in (1, 2, 3):  # a run each
        known.add(ids(generation, places._IDS_PER_RUN), generation, generation)
    asked = ids(1, 10_000)
    asked[place] = ids(3, 1)[0]
    assert known.find(asked) == [(1, 1), (3, 3)]


def test_new_ids_are_found_nowhere() -> None:
    known = Places()
    known.add(ids(1, 80_000), 1, 1)
    assert known.find(ids(2, 10_000)) == []


def test_ids_cannot_be_chosen_so_that_they_meet() -> None:
    """Of which all would have one step, were it a function of the id that everybody knows."""
    chosen = unmix(ids(1, 80_000) << np.uint64(22))
    known = Places()
    known.add(chosen[:60_000], 1, 1)
    assert known.may_hold(chosen[60_000:]).sum() < 10


def unmix(mixed: U64Array) -> U64Array:
    """The numbers that `mix` makes these of."""
    numbers = mixed
    for factor in (0xC4CEB9FE1A85EC53, 0xFF51AFD7ED558CCD):
        numbers = numbers ^ (numbers >> np.uint64(33))
        numbers = numbers * np.uint64(pow(factor, -1, 2**64))
    return numbers ^ (numbers >> np.uint64(33))


def test_unmixed_numbers_are_mixed_again() -> None:
    assert (mix(unmix(ids(1, 100))) == ids(1, 100)).all()


def test_a_look_up_without_ids_finds_nothing() -> None:
    known = Places()
    known.add(ids(1, 10), 1, 1)
    assert known.find(ids(1, 0)) == []


def test_what_was_added_up_to_is_known_also_where_nothing_was_added() -> None:
    known = Places()
    known.add(ids(1, 0), 1, 7)
    assert known.upto == 7
    assert known.find(ids(1, 10)) == []


def test_small_generations_share_a_run() -> None:
    known = Places()
    for generation in range(1, 11):
        known.add(ids(generation, 10), generation, generation)
    assert known.find(ids(4, 1)) == [(1, 10)]


def test_a_generation_larger_than_a_run_is_found_by_any_of_its_ids() -> None:
    known = Places()
    many = ids(1, 3 * places._IDS_PER_RUN)
    known.add(many, 1, 1)
    known.add(ids(2, 100_000), 2, 2)
    for position in (0, len(many) // 2, len(many) - 1):
        assert (1, 1) in [(first, 1) for first, _ in known.find(many[position : position + 1])]


def test_adjoining_runs_are_told_as_one() -> None:
    known = Places()
    for generation in (1, 2, 3):
        known.add(ids(generation, places._IDS_PER_RUN), generation, generation)
    both = np.concatenate([ids(1, 1), ids(2, 1)])
    assert known.find(both) == [(1, 2)]


@pytest.mark.parametrize("runs", [40])
def test_more_runs_than_a_word_has_bits_go_on_in_another_array(
    runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_IDS_PER_RUN", 100)
    known = Places()
    for generation in range(1, runs + 1):
        known.add(ids(generation, 100), generation, generation)
    assert known.nbytes == 2 * 4 * 2**places._BITS
    for generation in (1, 32, 33, runs):
        assert known.find(ids(generation, 5)) == [(generation, generation)]


def test_filters_of_deleted_generations_are_freed_and_of_the_others_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "_IDS_PER_RUN", 100)
    known = Places()
    for generation in range(1, 101):
        known.add(ids(generation, 100), generation, generation)
    known.forget_before(50)
    assert known.nbytes == 3 * 4 * 2**places._BITS
    for generation in range(50, 101):
        assert known.find(ids(generation, 5)) == [(generation, generation)]
    known.forget_before(1_000)
    assert known.nbytes == 4 * 2**places._BITS
    known.add(ids(1_000, 100), 1_000, 1_000)
    assert known.find(ids(1_000, 5)) == [(1_000, 1_000)]


def test_of_each_id_is_told_whether_it_may_stand_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_IDS_PER_RUN", 100)
    known = Places()
    for generation in range(1, 41):  # two arrays
        known.add(ids(generation, 100), generation, generation)
    held = [ids(generation, 3) for generation in (1, 33, 40)]
    asked = np.concatenate([held[0], ids(99, 70_000), held[1], held[2]])
    told = known.may_hold(asked)
    assert told[:3].all()
    assert told[-6:].all()
    assert told[3:-6].sum() < 10
    assert not Places().may_hold(asked).any()
