"""The DuckDB engine's file: durable, guarded, migrated, refused with a sentence."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from storage import duckdb_schema, schema
from storage.contract import Page, SearchQuery, StoreError
from storage.duckdb_opening import FILE_NAME, connect, release
from storage.duckdb_statements import statement
from storage.engines import open_store
from storage.schema import SpanBatch
from tests.contract.rows import (
    correlated,
    link,
    make_batch,
    make_table,
    message,
    owned,
    span,
    traces,
)

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

HOLD_OPEN = """
import sys
from storage.engines import open_store

store = open_store(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
store.close()
"""


def _start(script: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _change(path: Path, *statements: str) -> None:
    """Edit a closed store behind the engine's back."""
    with duckdb.connect(path) as connection:
        for text in statements:
            connection.execute(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store that was used and closed."""
    path = tmp_path / FILE_NAME
    store = open_store(f"duckdb:{path}")
    one = span(1, 1)
    rows = {"links": [link(one, 2)], "messaging": [message(one, message_id="m")]}
    store.append(make_batch([one], correlation=[correlated(one, "1")], **rows), 5)
    store.close()
    return path


def test_an_append_that_returned_survives_kill_9(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path}"
    with _start(APPEND_FOR_EVER, url) as process:
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


def test_everything_is_there_after_a_restart(file: Path) -> None:
    store = open_store(f"duckdb:{file}")
    found = store.spans_of(traces(1))
    assert all(
        getattr(found, name).num_rows == 1 for name in schema.BATCH_SCHEMAS if name != "events"
    )
    assert store.append(make_batch([span(1, 1)]), 9).duplicates == 1
    assert store.append(make_batch([span(1, 2)]), 9).generation == 2
    store.close()


def test_generations_go_on_when_the_newest_spans_were_deleted(file: Path) -> None:
    store = open_store(f"duckdb:{file}")
    store.replace_orphans(traces(1), schema.ORPHANS.empty_table(), 1)
    store.close()
    _change(file, "DELETE FROM spans")
    store = open_store(f"duckdb:{file}")
    assert store.status().generation == 1
    assert store.append(make_batch([span(1, 1)]), 9).generation == 2
    store.close()


def test_a_url_names_a_file_or_its_directory(file: Path) -> None:
    store = open_store(f"duckdb:{file.parent}")
    assert store.status().spans == 1
    store.close()
    fresh = file.parent / "deep" / "down"
    open_store(f"duckdb:{fresh}").close()
    assert (fresh / FILE_NAME).is_file()
    open_store(f"duckdb:{fresh / 'other.db'}").close()
    assert (fresh / "other.db").is_file()


@pytest.mark.parametrize("url", ["", "duckdb:", "postgres://x", "clickhouse", "file"])
def test_an_unknown_url_names_what_is_allowed(url: str) -> None:
    with pytest.raises(StoreError, match=r"memory:.*duckdb:PATH"):
        open_store(url)


def test_a_clean_close_leaves_no_log(file: Path) -> None:
    assert [entry.name for entry in file.parent.iterdir()] == [FILE_NAME]


def test_a_store_of_another_process_is_refused_and_then_free(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path}"
    with _start(HOLD_OPEN, url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=r"in use by another process; stop that one"):
            open_store(url)
        process.communicate()
    open_store(url).close()


def test_the_same_file_cannot_be_opened_twice_in_one_process(tmp_path: Path) -> None:
    first = open_store(f"duckdb:{tmp_path}")
    with pytest.raises(StoreError, match="open in this process already"):
        open_store(f"duckdb:{tmp_path / FILE_NAME}")
    first.close()
    open_store(f"duckdb:{tmp_path}").close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000, b"SQLite format 3\0" * 512])
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is not a DuckDB database; name another"):
        open_store(f"duckdb:{path}")
    assert path.read_bytes() == content


def test_a_database_of_someone_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    _change(path, "CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(StoreError, match="not a tracestitch store"):
        open_store(f"duckdb:{path}")
    _change(path, "INSERT INTO theirs VALUES (1)")  # and it is free again


def test_a_newer_store_is_refused(file: Path) -> None:
    _change(file, "UPDATE state SET schema_version = 99")
    with pytest.raises(StoreError, match=r"schema version 99.*newer tracestitch"):
        open_store(f"duckdb:{file}")


def test_an_older_store_without_a_migration_is_refused(file: Path) -> None:
    _change(file, "UPDATE state SET schema_version = -1")
    with pytest.raises(StoreError, match="version -1, which this tracestitch cannot migrate"):
        open_store(f"duckdb:{file}")


def test_an_older_store_is_migrated_step_by_step(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Version -1 had neither the table of message keys nor the start beside a
    correlation value; version 0 lacked only the start."""
    sql = tmp_path / "sql"
    sql.mkdir()
    texts = {
        "add_message_keys": "CREATE TABLE message_keys (key_hash UBIGINT NOT NULL, "
        "trace_hi UBIGINT NOT NULL, trace_lo UBIGINT NOT NULL, span_id UBIGINT NOT NULL)",
        "add_start": "ALTER TABLE correlation ADD COLUMN start_time_unix_nano BIGINT",
        "fill_start": "UPDATE correlation SET start_time_unix_nano = 3",
    }
    monkeypatch.setattr("storage.duckdb_schema.statement", _with_texts(texts))
    steps = {-1: ("add_message_keys",), 0: ("add_start", "fill_start")}
    monkeypatch.setattr(duckdb_schema, "MIGRATIONS", steps)
    _change(
        file,
        "UPDATE state SET schema_version = -1",
        "DROP TABLE message_keys",
        "ALTER TABLE correlation DROP COLUMN start_time_unix_nano",
    )
    for _ in range(2):
        store = open_store(f"duckdb:{file}")
        assert store.recent_correlation("order.id", 5) == ["1"]
        assert store.related_traces(traces(7), 5).num_rows == 1
        store.close()
    with duckdb.connect(file) as connection:
        assert connection.execute("SELECT schema_version FROM state").fetchall() == [(1,)]


def test_a_migration_that_fails_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"good": "CREATE TABLE extra (x INTEGER)", "bad": "SELECT * FROM nowhere"}
    monkeypatch.setattr("storage.duckdb_schema.statement", _with_texts(texts))
    monkeypatch.setattr(duckdb_schema, "MIGRATIONS", {0: ("good", "bad")})
    _change(file, "UPDATE state SET schema_version = 0")
    with pytest.raises(StoreError, match="nowhere"):
        open_store(f"duckdb:{file}")
    with duckdb.connect(file) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        assert ("extra",) not in tables
        assert connection.execute("SELECT schema_version FROM state").fetchall() == [(0,)]


def _with_texts(texts: dict[str, str]) -> Callable[[str], str]:
    return lambda name: texts[name] if name in texts else statement(name)


def test_a_typed_column_that_is_new_is_added_to_an_older_store(file: Path) -> None:
    _change(file, "ALTER TABLE messaging DROP COLUMN celery_task")
    store = open_store(f"duckdb:{file}")
    (row,) = store.spans_of(traces(1)).messaging.to_pylist()
    assert (row["message_id"], row["celery_task"]) == ("m", None)
    one = span(2, 2)
    store.append(make_batch([one], messaging=[message(one, celery_task="t")]), 1)
    (row,) = store.spans_of(traces(2)).messaging.to_pylist()
    assert row["celery_task"] == "t"
    store.close()


def test_a_store_with_a_missing_column_is_refused(file: Path) -> None:
    _change(file, "ALTER TABLE spans DROP COLUMN flags")
    with pytest.raises(StoreError, match=r"spans\.flags is missing or of another type"):
        open_store(f"duckdb:{file}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only directories")
def test_a_read_only_directory_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written; check the permissions"):
        open_store(f"duckdb:{tmp_path}")


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StoreError, match=r"data.* cannot be used|not a DuckDB database"):
        open_store(f"duckdb:{tmp_path / 'data' / 'deep'}")


def test_a_truncated_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(StoreError, match=r"cannot be opened|not a DuckDB database"):
        open_store(f"duckdb:{file}")


def test_every_table_has_the_columns_of_its_schema(file: Path) -> None:
    with duckdb.connect(file) as connection:
        for table, columns in duckdb_schema.TABLES.items():
            found = connection.sql(f"SELECT * FROM {table}").to_arrow_table().schema
            assert found.names == columns.names
            assert found.types == columns.types


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

    monkeypatch.setattr("storage.duckdb_write.SeenIds.hash_ids", fail)
    with pytest.raises(StoreError, match="damaged or was invalidated"):
        store.append(make_batch([span(1, 1)]), 1)
    monkeypatch.undo()
    for call in (store.check, store.status, lambda: store.search(SearchQuery(), Page())):
        with pytest.raises(StoreError, match="damaged or was invalidated"):
            call()
    store.close()


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
    for reader in readers:
        reader.join()
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
