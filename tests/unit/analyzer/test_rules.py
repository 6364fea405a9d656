"""What evidence rules compare with (analyzer/rules/__init__.py)."""

import polars as pl

from analyzer.rules import in_time, of_ends, possibly, surely

COMPARED = pl.Series([True, None, False])


def test_a_comparison_with_what_nobody_said_is_possible_and_not_sure() -> None:
    assert surely(COMPARED).to_list() == [True, False, False]
    assert possibly(COMPARED).to_list() == [True, True, False]
    assert surely(COMPARED.clear()).to_list() == possibly(COMPARED.clear()).to_list() == []


def test_what_is_told_gets_the_columns_of_its_end_point() -> None:
    told = pl.DataFrame({"row": [7, 3, 7, 5], "id": ["a", "b", "c", "d"]}).cast({"row": pl.UInt32})
    ends = pl.DataFrame({"row": [3, 7], "start": [30, 70]}).cast({"row": pl.UInt32})

    assert of_ends("send", told, ends, send_start="start").to_dicts() == [
        {"send": 7, "id": "a", "send_start": 70},
        {"send": 3, "id": "b", "send_start": 30},
        {"send": 7, "id": "c", "send_start": 70},
    ]
    assert of_ends("send", told.clear(), ends, "start").columns == ["send", "id", "start"]


def test_a_message_is_sent_before_the_work_with_it_ends_give_or_take_the_clocks() -> None:
    second = 1_000_000_000
    pairs = pl.DataFrame({"send_start": [15 * second, 15 * second + 1], "work_end": 10 * second})

    assert in_time(pairs).rows() == [(15 * second, 10 * second)]
