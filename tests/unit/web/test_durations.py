"""Durations as people write them."""

import pytest

from web.durations import read_duration


@pytest.mark.parametrize(
    ("text", "nano"),
    [("1ns", 1), ("2us", 2_000), ("2µs", 2_000), ("250ms", 250_000_000), ("1.5s", 1_500_000_000)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, nano: int) -> None:
    assert read_duration(text) == nano


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 s", "1e3s", "٣s", "1s\n", "9" * 40 + "s"])
def test_anything_else_is_none(text: str) -> None:
    assert read_duration(text) is None
