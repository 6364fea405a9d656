"""What the journal's rows come to, and which rows of the tables count then."""

import json
from typing import Any

import polars as pl

from storage.clickhouse.journal import fold
from storage.clickhouse.snapshot import Claim, Series, Snapshot, put_rows, within

Row = dict[str, Any]


def claimed(number: int, series: str = "spans", age: float = 0.0) -> Row:
    ended = {"committed": False, "aborted": False, "detail": ""}
    return {"series": series, "number": number, "age": age, "owner": "w", "told": ""} | ended


def committed(number: int, series: str = "spans", **detail: Any) -> Row:
    return claimed(number, series) | {"committed": True, "detail": json.dumps(detail)}


def aborted(number: int, series: str = "spans") -> Row:
    return claimed(number, series) | {"aborted": True}


def snapshot(*rows: Row, settled: Snapshot | None = None) -> Snapshot:
    types = {
        "series": pl.String,
        "number": pl.UInt64,
        "committed": pl.Boolean,
        "aborted": pl.Boolean,
        "detail": pl.String,
        "age": pl.Float64,
        "owner": pl.String,
        "told": pl.String,
    }
    ordered = sorted(rows, key=lambda row: row["number"])
    return fold(settled or Snapshot(), pl.DataFrame(ordered, schema=types))


def test_an_empty_journal_has_nothing() -> None:
    found = snapshot()
    assert (found.spans.newest, found.spans.complete, found.analysed, found.deleted) == (0, 0, 0, 0)
    assert not found.spans.sees(1)


def test_a_later_append_counts_while_an_earlier_one_goes_on() -> None:
    found = snapshot(committed(1), claimed(2, age=7.5), committed(3)).spans
    assert [found.sees(number) for number in (1, 2, 3, 4)] == [True, False, True, False]
    assert (found.newest, found.complete, found.highest) == (3, 1, 3)
    assert found.open == (Claim(2, 7.5, "w"),)


def test_an_aborted_append_never_counts_and_nobody_waits_for_it() -> None:
    found = snapshot(committed(1), aborted(2), committed(3)).spans
    assert not found.sees(2)
    assert (found.newest, found.complete) == (3, 3)
    assert snapshot(committed(1), aborted(2)).spans.complete == 1


def test_what_is_settled_is_not_read_again() -> None:
    before = snapshot(committed(1), aborted(2), committed(3))
    after = snapshot(committed(4), settled=before)
    assert after == snapshot(committed(1), aborted(2), committed(3), committed(4))


def test_what_was_committed_since_is_told() -> None:
    before = snapshot(committed(1), claimed(2), committed(3)).spans
    after = snapshot(committed(1), committed(2), committed(3), aborted(4), committed(5)).spans
    assert after.since(before) == [2, 5]
    assert after.since(Series()) == [1, 2, 3, 5]


def test_the_state_is_what_was_said_last_by_number() -> None:
    found = snapshot(
        committed(3, "answers", analysed=5),
        committed(1, "answers", forgotten=True, rules="old", analysed=0),
        committed(2, "answers", deleted=4),
        claimed(4, "answers"),
    )
    assert (found.analysed, found.deleted, found.state["rules"]) == (5, 4, "old")
    assert found.state["forgotten"] == 1  # the answers of smaller numbers


def test_rows_of_hidden_numbers_are_left_out() -> None:
    rows = snapshot(committed(1), claimed(2), committed(3)).rows("d")
    for table in ("spans", "keys"):
        assert rows[table].endswith(
            f" FROM `d`.`{table}` WHERE generation > 0 AND generation <= 3"
            " AND generation NOT IN (2)"
        )


def test_spans_have_the_columns_that_are_not_stored_and_of_lists_those_that_are_named() -> None:
    rows = snapshot(committed(1)).rows("d")
    told = "SELECT *, start_time_unix_nano + duration_nano AS end_time_unix_nano"
    assert f"FROM ({told} FROM `d`.`spans`" in put_rows("SELECT * FROM spans", rows)
    text = "SELECT `links.flags` FROM spans ARRAY JOIN `links.flags`"
    assert f"FROM ({told}, links.flags AS `links.flags` FROM `d`.`spans`" in put_rows(text, rows)


def test_answers_end_at_what_was_forgotten_and_deleted() -> None:
    told = {"forgotten": True, "deleted": 4}
    rows = snapshot(committed(2, "answers", **told), committed(3, "answers")).rows("d")
    assert "answered > 2 AND answered <= 3 AND generation > 4" in rows["orphans"]
    assert "kind = 'orphans'" in rows["orphans"]
    assert "by_answer > 2 AND by_answer <= 3" in rows["orphans"]


def test_a_statement_reads_the_rows_that_count() -> None:
    rows = {"spans": "S", "keys": "K"}
    text = "SELECT spans FROM spans JOIN keys AS k USING (x) WHERE y IN (SELECT z FROM spans_x)"
    assert put_rows(text, rows) == (
        "SELECT spans FROM (S) AS spans JOIN (K) AS k USING (x) WHERE y IN (SELECT z FROM spans_x)"
    )


def test_numbers_that_do_not_count_are_left_out_one_by_one_or_as_a_run() -> None:
    hidden = (1, 3, *range(5, 9), 12, 14)
    told = within("g", 2, Series(newest=13, hidden=hidden, highest=14))
    assert told == "g > 2 AND g <= 13 AND g NOT BETWEEN 5 AND 8 AND g NOT IN (3, 12)"
    assert within("g", 0, Series(newest=2)) == "g > 0 AND g <= 2"


def test_an_hour_of_failures_does_not_make_statements_long() -> None:
    rows = [*(aborted(n) for n in range(1, 50_001)), committed(50_001)]
    assert len(within("g", 0, snapshot(*rows).spans)) < 100


def test_the_first_append_that_is_left_is_told_by_numbers() -> None:
    series = snapshot(committed(1), aborted(2), aborted(3), committed(4), claimed(5)).spans
    assert [series.first_after(number) for number in range(6)] == [1, 4, 4, 4, None, None]
