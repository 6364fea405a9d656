"""Rows of spans are found by their ids, whether or not two traces use one span id."""

import polars as pl
import pytest

from analyzer.span_ids import SpanIds

PART = ["trace_hi", "trace_lo", "span_id", "content_hash"]
APART = [(1, 1, 50, 7), (1, 1, 20, 8), (1, 2, 2**64 - 1, 9)]
TWICE = [*APART, (2, 1, 50, 7)]


def _spans(rows: list[tuple[int, int, int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(PART, pl.UInt64), orient="row")


@pytest.mark.parametrize("rows", [APART, TWICE])
def test_each_span_is_found_and_no_other(rows: list[tuple[int, int, int, int]]) -> None:
    ids = SpanIds(_spans(rows))
    others = [(1, 3, 50, 7), (1, 1, 51, 7), (1, 1, 20, 7), (0, 0, 0, 0), (9, 9, 2**64 - 1, 9)]
    found = ids.find(_spans([*others, *reversed(rows)]))
    assert found.to_list() == [None] * len(others) + list(reversed(range(len(rows))))
    without_content = ids.find(_spans(rows).drop("content_hash"))
    assert without_content.to_list() == list(range(len(rows)))


def test_nothing_is_found_among_none_and_none_among_all() -> None:
    assert SpanIds(_spans([])).find(_spans(APART)).to_list() == [None] * len(APART)
    assert SpanIds(_spans(APART)).find(_spans([])).to_list() == []


def test_two_traces_with_one_span_id_are_told() -> None:
    assert SpanIds(_spans(APART)).are_unique
    assert not SpanIds(_spans(TWICE)).are_unique
