"""What takes room and is not seen any more is taken out, and nothing else."""

from collections.abc import Iterator
from contextlib import closing

import polars as pl
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from storage import schema
from storage.clickhouse import answer_writer
from storage.clickhouse.deletes import Reclaimer
from storage.clickhouse.store import ClickHouseStore
from storage.contract import StoreError
from tests.clickhouse.rig import connected
from tests.contract.rows import link, make_batch, make_table, owned, span, traces

DAY = 86_400 * 10**9
COUNTED = ("spans", "linked", "orphans", "superseded")


@pytest.fixture
def store(clickhouse_url: str) -> Iterator[ClickHouseStore]:
    with closing(ClickHouseStore(clickhouse_url)) as opened:
        for day in (1, 2, 3):
            row = span(day, day)
            opened.append(make_batch([row], links=[link(row, 9)]), day * DAY)
            for code in ("S1", "S2"):
                found = make_table(schema.ORPHANS, [owned(row, cause_code=code)])
                opened.replace_orphans(traces(day), found, day)
        yield opened


def count(url: str) -> list[int]:
    """Rows in the tables, seen or not."""
    with connected(url) as client:
        return [client.query(f"SELECT count() FROM {table}").result_rows[0][0] for table in COUNTED]


def test_replaced_answers_and_deleted_days_are_taken_out(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    assert count(clickhouse_url) == [3, 3, 6, 3]
    store.delete_until(2, traces())
    before = store.orphans_of(traces(1, 2, 3))
    assert store.reclaim()
    assert count(clickhouse_url) == [1, 1, 1, 0]
    assert store.orphans_of(traces(1, 2, 3)) == before
    assert store.spans_of(traces(3)).links.num_rows == 1


def test_answers_of_other_rules_are_taken_out(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    store.forget_answers("other")
    store.replace_orphans(traces(3), make_table(schema.ORPHANS, [owned(span(3, 3))]), 3)
    assert count(clickhouse_url) == [3, 3, 7, 3]
    assert store.reclaim()
    assert count(clickhouse_url) == [3, 3, 1, 0]
    assert store.orphans_of(traces(1, 2, 3)).num_rows == 1


def test_nothing_is_taken_out_that_somebody_may_be_reading(
    store: ClickHouseStore, clickhouse_url: str
) -> None:
    store.delete_until(2, traces())
    assert store.reclaim()
    assert count(clickhouse_url) == [3, 3, 6, 3]


def test_what_waits_to_be_taken_out_is_not_counted_as_used(store: ClickHouseStore) -> None:
    before = store.usage()
    assert before.used_bytes == before.file_bytes > 0
    store.delete_until(2, traces())
    after = store.usage()
    assert after.used_bytes == after.file_bytes // 3


def test_what_a_failed_answer_meant_to_replace_stays(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    failed = store._database.answer()
    write = failed.__enter__()
    rows = {"trace_hi": [1], "trace_lo": [3], "answered": [write.number - 1]}
    unsigned = pl.DataFrame(rows | {"by_answer": [write.number]}).cast(pl.UInt64)
    write.insert("superseded", unsigned.with_columns(kind=pl.lit("orphans")))
    failed.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    store.replace_orphans(traces(), schema.ORPHANS.empty_table(), 3)
    before = store.orphans_of(traces(3))
    assert before.num_rows == 1
    assert store.reclaim()
    assert store.orphans_of(traces(3)) == before
    assert count(clickhouse_url)[2] == 3


def test_a_check_takes_no_number_and_its_row_is_taken_out(
    store: ClickHouseStore, clickhouse_url: str
) -> None:
    before = store._database.look()
    store.check()
    store.check()
    assert store._database.look() == before
    rows = "SELECT step, count() FROM journal WHERE series = 'check' GROUP BY step"
    with connected(clickhouse_url) as client:
        assert client.query(rows).result_rows == [("checked", 2)]
        store.reclaim()
        assert client.query(rows).result_rows == [("checked", 2)]
        client.command(
            "ALTER TABLE journal UPDATE at = at - INTERVAL 2 HOUR WHERE true"
            " SETTINGS mutations_sync = 1"
        )
        store.reclaim()
        assert client.query(rows).result_rows == []
    assert store._database.look() == before


def test_an_append_that_goes_on_is_not_deleted_before_it_is_there(store: ClickHouseStore) -> None:
    late = store._database.write("spans")
    late.__enter__()
    assert store.append(make_batch([span(9, 9)]), 4 * DAY).generation == 5
    assert store.delete_until(5, traces()).spans == 3
    late.__exit__(None, None, None)
    assert store.status().spans == 1
    assert store.delete_until(5, traces()).spans == 1


def test_deleting_what_never_was_deletes_nothing_that_comes(clickhouse_url: str) -> None:
    with closing(ClickHouseStore(clickhouse_url)) as store:
        store.delete_until(7, traces())
        store.append(make_batch([span(1, 1)]), 1)
        assert store.status().spans == 1


def test_replaced_answers_are_taken_out_from_time_to_time(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    monkeypatch.setattr(answer_writer, "_RECLAIM_EVERY", 7)
    assert count(clickhouse_url)[2:] == [6, 3]
    store.replace_orphans(traces(), schema.ORPHANS.empty_table(), 3)  # the seventh
    assert count(clickhouse_url)[2:] == [3, 0]
    monkeypatch.setattr(answer_writer, "_RECLAIM_EVERY", 1)
    monkeypatch.setattr(store._reclaimer, "reclaim", refuse)
    store.replace_orphans(traces(), schema.ORPHANS.empty_table(), 4)
    assert store.generations() == (3, 4)


def refuse() -> None:
    raise StoreError("The store is too busy.")


def test_a_day_is_dropped_when_nobody_adds_to_it_any_more(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    with closing(ClickHouseStore(clickhouse_url)) as store:
        store.append(make_batch([span(1, 1)]), 100 * DAY)
        store.delete_until(1, traces())
        left = []
        for today in (100, 101, 102):
            monkeypatch.setattr(
                "storage.clickhouse.deletes.time.time_ns", lambda today=today: today * DAY
            )
            assert store.reclaim()
            left.append(count(clickhouse_url)[0])
        assert left == [1, 1, 0]


def test_a_disk_that_spans_have_filled_has_room_to_delete_the_oldest(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    setting = "min_free_disk_bytes_to_perform_insert"
    with connected(clickhouse_url) as client:
        limited = client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase()"
            f" AND engine_full LIKE '%{setting}%'"
        )
        for (name,) in limited.result_rows:  # as if there were no more room
            client.command(f"ALTER TABLE {name} MODIFY SETTING {setting} = {2**60}")
        # The embedded engine keeps the error of other inserts to itself.
        with pytest.raises(DatabaseError, match="enough free space"):
            client.command("INSERT INTO spans SELECT * FROM spans")
    store.replace_orphans(traces(3), make_table(schema.ORPHANS, [owned(span(3, 3))]), 3)
    assert store.delete_until(2, traces()).spans == 2
    assert store.reclaim()
    assert count(clickhouse_url)[0] == 1
    assert store.status().spans == 1
