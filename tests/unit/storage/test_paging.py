"""Page marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.paging import (
    CONNECTION_KEY,
    TRACE_KEY,
    decode_mark,
    encode_mark,
    within_i64,
)

U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)


@given(st.tuples(I64, U64, U64))
def test_a_mark_gives_back_its_key(key: tuple[int, int, int]) -> None:
    assert decode_mark(encode_mark(key), TRACE_KEY) == key


@given(st.text())
def test_any_text_gives_a_key_of_the_shape_or_a_value_error(text: str) -> None:
    try:
        key = decode_mark(text, TRACE_KEY)
    except ValueError:
        return
    assert decode_mark(encode_mark(key), TRACE_KEY) == key


@pytest.mark.parametrize(
    "key",
    [
        [],
        [1, 2],
        [1, 2, 3, 4],
        [1, -1, 2],
        [1, 2**64, 2],
        [2**63, 1, 2],
        [1.0, 1, 2],
        [True, 1, 2],
        ["1", 1, 2],
        [None, 1, 2],
        [[1], 1, 2],
    ],
)
def test_a_key_of_another_shape_is_a_value_error(key: list[int | str]) -> None:
    with pytest.raises(ValueError, match="page mark"):
        decode_mark(encode_mark(key), TRACE_KEY)


def test_a_deeply_nested_mark_is_a_value_error() -> None:
    nested = encode_mark([])[:0] + "W1tb" * 50_000  # base64 of "[[["
    with pytest.raises(ValueError, match="page mark"):
        decode_mark(nested, TRACE_KEY)


def test_text_in_a_mark_is_kept() -> None:
    key = (1, 2, 3, 4, 5, 6, 7, "kafka-offset")
    assert decode_mark(encode_mark(key), CONNECTION_KEY) == key


def test_a_mark_can_stand_in_an_address() -> None:
    assert encode_mark([2**63 - 1, 2**64 - 1, 1]).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(None, None), (5, 5), (10**30, 2**63 - 1), (-(10**30), -(2**63))],
)
def test_instants_beyond_the_column_are_capped(
    given_value: int | None, expected: int | None
) -> None:
    assert within_i64(given_value) == expected
