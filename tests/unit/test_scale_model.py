"""The plan at scale: docs/scale.md says what the model says, and the model adds up."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale_model import (
    ASSUMED,
    DAY,
    MEASURED,
    draw_costs,
    draw_table,
    plan,
    repeated,
    split,
    use_analysis,
)

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_page_has_the_tables_of_the_model() -> None:
    lines = PAGE.read_text("utf-8").splitlines()

    assert [line for line in (*draw_table(), *draw_costs()) if line not in lines] == []


def test_a_single_analyzer_repeats_nothing() -> None:
    assert repeated(1, MEASURED) == pytest.approx(1)


def test_two_partitions_each_read_three_quarters_of_pairs_of_traces() -> None:
    pairs = replace(MEASURED, finding=0, near=2)

    assert repeated(2, pairs) == pytest.approx(1.5)
    assert repeated(4, pairs) == pytest.approx(4 * 7 / 16)


def test_what_is_found_is_found_by_each_partition() -> None:
    assert repeated(4, replace(MEASURED, finding=1)) == pytest.approx(4)


@pytest.mark.parametrize("rate", [100, 40_000, 400_000, 3_000_000])
def test_stores_are_no_more_than_it_takes_for_analyzers_to_keep_up(rate: float) -> None:
    stores, partitions = split(rate, MEASURED, ASSUMED)

    def busy(stores: int, partitions: int) -> float:
        return use_analysis(rate / stores, partitions, MEASURED)[0] / partitions

    assert busy(stores, partitions) <= ASSUMED.busy
    assert partitions == 1 or busy(stores, partitions - 1) > ASSUMED.busy
    assert stores == 1 or busy(stores - 1, ASSUMED.most_partitions) > ASSUMED.busy


def test_disk_and_network_grow_with_the_spans() -> None:
    few, many = (plan(rate * DAY, MEASURED, ASSUMED) for rate in (1_000, 10_000))

    assert many.disk == pytest.approx(10 * few.disk)
    assert many.network == pytest.approx(10 * few.network)
    assert many.collector < 10 * few.collector  # commits are shared by more spans
