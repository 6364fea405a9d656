"""Messages that a consumer continues and does not continue: in no order, or by a switch."""

import polars as pl
import pytest

from analyzer.alternations import CONSUMER, find_mixed

START = 1_800_000_000_000_000_000


def mixed(*kinds: tuple[int, int, int, bool, bool]) -> bool:
    """Of one consumer's deliveries: how many, first and last start (seconds), whether they
    continue a context, whether they are roots."""
    facts = pl.DataFrame(
        [
            {
                **dict.fromkeys(CONSUMER, "one"),
                "role": "process",
                "count": count,
                "first_start_unix_nano": START + first * 1_000_000_000,
                "last_start_unix_nano": START + last * 1_000_000_000,
                "relation": "parent" if continues else None,
                "is_root": root,
            }
            for count, first, last, continues, root in kinds
        ],
        schema_overrides={"relation": pl.String},
    )
    return find_mixed(facts, pl.col("relation").is_not_null()).height == 1


def test_messages_that_are_cut_all_along_are_mixed() -> None:
    assert mixed((20, 0, 100, True, False), (10, 3, 97, False, True))


def test_a_setting_that_was_changed_is_no_mixture() -> None:
    assert not mixed((20, 0, 50, True, False), (20, 51, 100, False, True))


@pytest.mark.parametrize("first", [10, 45, 80])
def test_a_setting_that_was_changed_and_changed_back_is_no_mixture(first: int) -> None:
    assert not mixed((30, 0, 100, True, False), (4, first, first + 9, False, True))


def test_each_way_of_breaking_has_its_own_order() -> None:
    """Roots for a while, and later for a while work that continues something else."""
    whiles = ((4, 10, 19, False, True), (4, 80, 89, False, False))
    assert not mixed((30, 0, 100, True, False), *whiles)
    assert mixed((30, 0, 100, True, False), (8, 10, 89, False, True))


def test_one_that_is_cut_is_no_spell() -> None:
    assert mixed((9, 0, 100, True, False), (1, 15, 15, False, True))
