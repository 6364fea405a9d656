"""The DuckDB engine at work: durable, bounded, closed off, and honest when it broke."""

import threading
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from storage import schema
from storage.contract import Page, SearchQuery, StoreError
from storage.duckdb_database import Database
from storage.duckdb_opening import FILE_NAME, connect, release
from storage.engines import open_store
from storage.schema import SpanBatch
from tests.contract.rows import (
    link,
    make_batch,
    make_table,
    owned,
    span,
    traces,
)
from tests.contract.stores import change_file, start_process
from tests.waiting import join

APPEND_FOR_EVER = """
import sys
from storage.engines import open_store
from tests.contract.rows import link, make_batch, span

store = open_store(sys.argv[1])
number = 0
while True:
    number += 1
    rows = [span(number, n) for n in range(1, 51)]
    store.append(make_batch(rows, links=[link(row, 1) for row in rows]), number)
    print(number, flush=True)
"""


def test_an_append_that_returned_survives_kill_9(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path}"
    with start_process(APPEND_FOR_EVER, url) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(25)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout.read().split()]
    store = open_store(url)
    last = acknowledged[-1]
    found = store.spans_of(traces(*range(1, last + 1)))
    assert found.spans.num_rows == found.links.num_rows == 50 * last
    # The one that was under way is there whole or not at all.
    assert store.status().spans in {50 * last, 50 * (last + 1)}
    assert store.append(make_batch([span(1, n) for n in range(1, 51)]), 1).duplicates == 50
    store.close()


def test_generations_go_on_when_the_newest_spans_were_deleted(file: Path) -> None:
    store = open_store(f"duckdb:{file}")
    store.replace_orphans(traces(1), schema.ORPHANS.empty_table(), 1)
    store.close()
    change_file(file, "DELETE FROM spans")
    store = open_store(f"duckdb:{file}")
    assert store.status().generation == 1
    assert store.append(make_batch([span(1, 1)]), 9).generation == 2
    store.close()


def test_attribute_texts_are_compressed_with_zstd(tmp_path: Path) -> None:
    store = open_store(f"duckdb:{tmp_path}")
    text = '{"http.route":"/orders","order.id":' + "7" * 50 + "}"
    store.append(make_batch([span(1, n, attributes=text) for n in range(1, 4000)]), 1)
    store.close()
    with duckdb.connect(tmp_path / FILE_NAME) as connection:
        rows = connection.execute(
            "SELECT DISTINCT compression FROM pragma_storage_info('spans') "
            "WHERE column_name = 'attributes' AND segment_type = 'VARCHAR'"
        ).fetchall()
    assert rows == [("ZSTD",)]


def test_attribute_texts_of_links_which_are_few_different_ones_are_not(tmp_path: Path) -> None:
    with closing(open_store(f"duckdb:{tmp_path}")) as store:
        ends = [span(1, n) for n in range(1, 4000)]
        links = [
            link(end, 2, 1, attributes='{"messaging.operation.type":"receive"}') for end in ends
        ]
        store.append(make_batch(ends, links=links), 1)
    with duckdb.connect(tmp_path / FILE_NAME) as connection:
        rows = connection.execute(
            "SELECT DISTINCT compression FROM pragma_storage_info('links') "
            "WHERE column_name = 'attributes' AND segment_type = 'VARCHAR'"
        ).fetchall()
    assert ("ZSTD",) not in rows


def test_statements_cannot_reach_other_files_or_the_network(file: Path) -> None:
    connection = connect(file)
    try:
        for text in (
            f"SELECT * FROM read_text('{__file__}')",
            "INSTALL httpfs",
            "ATTACH '/tmp/other.duckdb'",
            "SET threads = 9",
            "COPY spans TO 'out.csv'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(text)
    finally:
        connection.close()
        release(file)


def test_a_store_that_broke_refuses_everything_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(f"duckdb:{tmp_path}")

    def fail(*_: object, **__: object) -> None:
        raise duckdb.FatalException("FATAL Error: database has been invalidated")

    monkeypatch.setattr("storage.seen.SeenIds.hash_ids", fail)
    with pytest.raises(StoreError, match="damaged or was invalidated"):
        store.append(make_batch([span(1, 1)]), 1)
    monkeypatch.undo()
    for call in (store.check, store.status, lambda: store.search(SearchQuery(), Page())):
        with pytest.raises(StoreError, match="damaged or was invalidated"):
            call()
    assert store.broken
    store.close()
    again = open_store(f"duckdb:{tmp_path}")
    assert again.append(make_batch([span(1, 1)]), 1).stored == 1
    assert not again.broken
    again.close()


def test_the_log_stays_bounded_while_someone_reads_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An UPDATE in an append would keep DuckDB from checkpointing beside readers."""
    monkeypatch.setattr("storage.duckdb_opening.CHECKPOINT_THRESHOLD", "1MB")
    store = open_store(f"duckdb:{tmp_path}")
    log = tmp_path / f"{FILE_NAME}.wal"
    sizes = []
    with store._database.read() as session:  # type: ignore[attr-defined] # a read held open
        session.select("SELECT count(*) FROM spans")
        for number in range(20):
            store.append(_big_batch(number), 1)
            sizes.append(log.stat().st_size if log.exists() else 0)
    store.close()
    assert sum(after < before for before, after in pairwise(sizes)) >= 2
    assert max(sizes) < 2 * 2**20


def test_the_log_stays_bounded_when_answers_are_replaced_beside_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.duckdb_opening.CHECKPOINT_THRESHOLD", "1MB")
    monkeypatch.setattr("storage.duckdb_database.LONGEST_LOG_BYTES", 2**20 * 3 // 2)
    store = open_store(f"duckdb:{tmp_path}")
    log = tmp_path / f"{FILE_NAME}.wal"
    done = threading.Event()
    found: list[int] = []
    count = "SELECT count(*) AS n FROM spans WHERE trace_lo = 1"

    def read() -> None:
        while not done.is_set():
            with store._database.read() as session:  # type: ignore[attr-defined] # a slow read
                found.append(session.select(count).to_pylist()[0]["n"])
                done.wait(0.2)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    sizes = []
    for number in range(20):
        store.append(_big_batch(number), 1)
        orphans = make_table(schema.ORPHANS, [owned(span(number, 1))])
        store.replace_orphans(traces(number, number - 1 if number else 0), orphans, number + 1)
        sizes.append(log.stat().st_size if log.exists() else 0)
    done.set()
    join(*readers)
    store.close()
    assert max(sizes) < 2 * 2**20
    assert set(found) <= {0, 500}
    assert 500 in found


def test_a_read_that_takes_long_does_not_stop_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.duckdb_database.LONGEST_LOG_BYTES", 2**18)
    monkeypatch.setattr("storage.duckdb_database._PATIENCE_SECONDS", 0.01)
    store = open_store(f"duckdb:{tmp_path}")
    with store._database.read() as session:  # type: ignore[attr-defined] # a read held open
        before = session.select("SELECT count(*) AS n FROM spans").to_pylist()
        for number in range(8):
            store.append(_big_batch(number), 1)
        assert session.select("SELECT count(*) AS n FROM spans").to_pylist() == before
    store.append(_big_batch(9), 1)
    assert store.status().spans == 9 * 500
    store.close()


def _big_batch(trace: int) -> SpanBatch:
    """About 170 KB of log."""
    text = '{"x":"' + "y" * 200 + '"}'
    return make_batch([span(trace, n, attributes=text) for n in range(500)])


def test_reads_go_on_beside_a_transaction_that_is_open(tmp_path: Path) -> None:
    from storage.duckdb_database import Database

    store = open_store(f"duckdb:{tmp_path}")
    store.append(make_batch([span(1, 1)]), 1)
    database = store._database  # type: ignore[attr-defined] # an append held open is not to be had otherwise
    assert isinstance(database, Database)
    with database.write() as session:
        session.run("DELETE FROM spans")
        assert store.status().spans == 1
        assert store.spans_of(traces(1)).spans.num_rows == 1
    assert store.status().spans == 0
    store.close()


def test_a_close_that_overtakes_the_checkpoint_of_a_write_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(tmp_path / FILE_NAME)
    written, closer = database._written, threading.Thread(target=database.close, daemon=True)
    clear, told = written.clear, threading.Event()

    def close_and_clear() -> None:
        """What was written is noticed, and before it is noted that it was, all is closed."""
        monkeypatch.undo()
        closer.start()
        while not database._closing.is_set() or not written.is_set():
            told.wait(0.001)
        told.wait(0.1)  # as good as surely the closing one has told of it by now
        clear()

    monkeypatch.setattr(written, "clear", close_and_clear)
    with database.write():
        pass
    database._checkpoints.join(timeout=30)
    closer.join(timeout=30)

    assert not closer.is_alive()
