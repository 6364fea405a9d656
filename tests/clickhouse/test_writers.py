"""Several processes that use one ClickHouse store at the same time, here as several stores."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from threading import Thread
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pytest

from storage import schema
from storage.clickhouse import leases
from storage.clickhouse.database import Write
from storage.clickhouse.statements import statement
from storage.clickhouse.store import ClickHouseStore
from storage.contract import AppendResult, StoreError
from tests.clickhouse.rig import connected
from tests.contract.rows import make_table, messages, owned, span, traces
from tests.waiting import join

NOBODY = schema.ORPHANS.empty_table()


@pytest.fixture
def two(clickhouse_url: str) -> Iterator[tuple[ClickHouseStore, ClickHouseStore]]:
    with (
        closing(ClickHouseStore(clickhouse_url)) as one,
        closing(ClickHouseStore(clickhouse_url)) as other,
    ):
        yield one, other


Two = tuple[ClickHouseStore, ClickHouseStore]


@contextmanager
def appending(store: ClickHouseStore) -> Iterator[Write]:
    """An append of nothing that goes on as long as the block."""
    with store._database.write("spans") as write:
        yield write


def test_each_sees_what_the_other_stored(two: Two) -> None:
    one, other = two
    assert one.append(messages(1), 1) == AppendResult(1, 1, 0, 0)
    assert other.append(messages(1, 2), 2) == AppendResult(2, 1, 1, 0)
    assert one.append(messages(2, 3), 3) == AppendResult(3, 1, 1, 0)
    assert one.status().spans == other.status().spans == 3
    assert one.services() == ["shop"]


def test_appends_at_once_get_a_generation_each(two: Two) -> None:
    generations: list[int] = []

    def append(store: ClickHouseStore, first: int) -> None:
        numbers = range(first, first + 5)
        generations.extend(store.append(messages(n), 1).generation for n in numbers)

    threads = [Thread(target=append, args=(two[n], 100 * n)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    join(*threads)
    assert len(set(generations)) == 10
    assert two[0].status().spans == 10


def test_an_append_that_goes_on_is_seen_by_nobody_and_passed_by_no_analysis(two: Two) -> None:
    one, other = two
    one.append(messages(1), 1)
    with appending(one):
        assert other.append(messages(3), 3).generation == 3
        assert other.generations() == (1, 0)
        found, upto = other.traces_since(0, 99)
        assert (found.num_rows, upto) == (1, 1)
        assert other.traces_since(1, 99) == (schema.TRACE_IDS.empty_table(), 1)
        assert other.spans_of(traces(3)).spans.num_rows == 1
    assert other.traces_since(1, 99)[1] == 3


def test_an_append_that_fails_leaves_nothing_and_holds_nobody_up(two: Two) -> None:
    one, other = two
    with pytest.raises(ZeroDivisionError), appending(one):
        raise ZeroDivisionError
    assert other.append(messages(3), 3).generation == 2
    assert other.traces_since(0, 99)[1] == 2


def test_an_append_whose_writer_is_gone_is_ended_and_learns_it_when_it_comes_back(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    late = one._database.write("spans")
    late.__enter__()
    other.append(messages(3), 3)
    assert other.claim_analysis() == 1
    assert other.generations() == (0, 0)
    monkeypatch.setattr(leases, "LONGEST_WRITE_SECONDS", -1.0)
    assert other.claim_analysis() == 1
    assert other.generations() == (2, 0)
    assert other.traces_since(0, 99)[1] == 2
    with pytest.raises(StoreError, match="try again"):
        late.__exit__(None, None, None)
    assert other.traces_since(2, 99)[1] == 2
    assert one.append(messages(4), 4).generation == 3


def test_whoever_leaves_an_answer_open_is_ended_too(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    one._database.journal.claim("answers")
    monkeypatch.setattr(leases, "LONGEST_WRITE_SECONDS", -1.0)
    other.claim_analysis()
    assert other._database.look().answers.open == ()


def test_the_first_end_of_an_append_counts_when_its_token_is_forgotten(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    late = one._database.write("spans")
    write = late.__enter__()
    other._database.journal.abort("spans", write.number)
    insert = one._database.client.insert
    monkeypatch.setattr(
        one._database.client, "insert", lambda table, rows, _: insert(table, rows, uuid4().hex)
    )
    with pytest.raises(StoreError, match="try again"):
        late.__exit__(None, None, None)
    assert not other._database.look().spans.sees(write.number)


def test_two_answers_of_one_process_at_once_take_two_numbers(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(ClickHouseStore(clickhouse_url)) as store:
        journal = store._database.journal
        insert, beside = store._database.client.insert, iter([True])

        def claim_both(table: str, rows: pa.Table, token: str) -> None:
            if next(beside, False):  # before our own claim is there
                numbers.append(journal.claim("answers")[0])
            insert(table, rows, token)

        numbers: list[int] = []
        monkeypatch.setattr(store._database.client, "insert", claim_both)
        assert {journal.claim("answers")[0], *numbers} == {1, 2}


def test_answers_of_two_analysers_stand_beside_each_other(two: Two) -> None:
    one, other = two
    one.append(messages(1, 2), 1)
    for number, store in enumerate(two, 1):
        rows = [owned(span(number, number), cause_code=f"S{number}")]
        store.replace_orphans(traces(number), make_table(schema.ORPHANS, rows), 1)
    for store in two:
        assert set(store.orphans_of(traces(1, 2))["cause_code"].to_pylist()) == {"S1", "S2"}
    other.replace_orphans(traces(1), NOBODY, 1)
    assert one.orphans_of(traces(1, 2))["cause_code"].to_pylist() == ["S2"]


def test_an_answer_that_fails_changes_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    one.append(messages(1), 1)
    one.replace_orphans(traces(1), make_table(schema.ORPHANS, [owned(span(1, 1))]), 1)
    break_inserts(other, monkeypatch, "orphans", arrives=True)
    rows = make_table(schema.ORPHANS, [owned(span(1, 1), cause_code="S1")] * 2)
    with pytest.raises(StoreError, match="broke"):
        other.replace_orphans(traces(1), rows, 9)
    assert one.orphans_of(traces(1)).num_rows == 1
    assert one.generations() == (1, 1)


def break_inserts(
    store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch, table: str, *, arrives: bool
) -> None:
    """One insert into a table fails: the first, into the journal the second, a commit."""
    insert, calls = store._database.client.insert, count(1)

    def broken(into: str, rows: pa.Table, token: str) -> None:
        fails = into == table and next(calls) == (2 if table == "journal" else 1)
        if arrives or not fails:
            insert(into, rows, token)
        if fails:
            raise StoreError("The line broke.")

    monkeypatch.setattr(store._database.client, "insert", broken)


def test_a_commit_whose_answer_was_lost_counts(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    break_inserts(one, monkeypatch, "journal", arrives=True)
    assert one.append(messages(1), 1) == AppendResult(1, 1, 0, 0)
    assert other.append(messages(1), 1) == AppendResult(1, 0, 1, 0)


def test_a_commit_that_was_lost_stored_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    break_inserts(one, monkeypatch, "journal", arrives=False)
    with pytest.raises(StoreError):
        one.append(messages(1), 1)
    assert other.status().spans == 0
    assert one.append(messages(1), 1).stored == 1


@pytest.mark.parametrize("table", ["spans", "linked", "keys", "resources"])
def test_an_insert_that_breaks_leaves_nothing(
    two: Two, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    one, other = two
    break_inserts(one, monkeypatch, table, arrives=True)
    with pytest.raises(StoreError, match="broke"):
        one.append(messages(1), 1)
    assert other.status().spans == 0
    assert other.services() == []
    assert one.append(messages(1), 1).stored == 1
    found = other.spans_of(traces(1))
    assert [found.links.num_rows, found.messaging.num_rows, found.resources.num_rows] == [1, 1, 1]


def test_rows_that_are_sent_twice_are_stored_once(two: Two, clickhouse_url: str) -> None:
    one, other = two
    with one._database.write("spans") as write:
        rows = pl.DataFrame(messages(1).keys).with_columns(
            generation=pl.lit(write.number, pl.UInt64), stored_at_unix_nano=pl.lit(1, pl.Int64)
        )
        write.insert("keys", rows)
        write.insert("keys", rows)
    assert other.spans_of(traces(1)).keys.num_rows == rows.height > 0
    with connected(clickhouse_url) as client:
        assert client.query("SELECT count() FROM keys").result_rows[0][0] == rows.height


def test_few_rows_of_a_long_journal_are_read_by_who_opens_the_store(
    two: Two, clickhouse_url: str
) -> None:
    one, other = two
    for number in range(1, 8):
        one.append(messages(number), number)
        one.replace_orphans(traces(number), NOBODY, number)
    with pytest.raises(ZeroDivisionError), appending(other):
        raise ZeroDivisionError
    one.append(messages(9), 9)
    one.note_settings("a")
    one.delete_until(2, traces())
    with connected(clickhouse_url) as client:
        text = statement("journal", table="journal", which="TRUE")
        assert len(client.query(text).result_rows) <= 6
    with closing(ClickHouseStore(clickhouse_url)) as third:
        assert third._database.look() == one._database.look()
        assert third.generations() == (9, 7)
        assert third.status().spans == 6
        assert third.settings_of_spans() == one.settings_of_spans()
