"""The DuckDB engine's file: opened, guarded, migrated, refused with a sentence."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from storage import duckdb_schema, schema
from storage.contract import ConnectionQuery, Page, StoreError
from storage.duckdb_opening import FILE_NAME
from storage.duckdb_statements import statement
from storage.engines import open_store
from tests.contract.rows import (
    make_batch,
    make_table,
    message,
    span,
    traces,
)
from tests.contract.stores import FORM_OF_VERSION_3, change_file, start_process
from tests.waiting import PATIENCE_SECONDS

HOLD_OPEN = """
import sys
from storage.engines import open_store

store = open_store(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
store.close()
"""

# Root writes into read-only directories: it becomes somebody else, once all is imported.
OPEN_AS_ANYBODY = """
import os, sys
import storage.duckdb_store
from storage.contract import ConnectionQuery, Page, StoreError
from storage.engines import open_store

if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
try:
    open_store(sys.argv[1])
except StoreError as error:
    print(error, flush=True)
"""


def test_everything_is_there_after_a_restart(file: Path) -> None:
    store = open_store(f"duckdb:{file}")
    found = store.spans_of(traces(1))
    counts = {name: getattr(found, name).num_rows for name in schema.BATCH_SCHEMAS}
    assert counts == dict.fromkeys(counts, 1) | {"events": 0, "keys": 2}
    assert store.append(make_batch([span(1, 1)]), 9).duplicates == 1
    assert store.append(make_batch([span(1, 2)]), 9).generation == 2
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


@pytest.mark.parametrize("url", ["", "duckdb:", "postgres://x", "elasticsearch", "file"])
def test_an_unknown_url_names_what_is_allowed(url: str) -> None:
    with pytest.raises(StoreError, match=r"memory:.*duckdb:PATH"):
        open_store(url)


def test_a_clean_close_leaves_no_log(file: Path) -> None:
    assert [entry.name for entry in file.parent.iterdir()] == [FILE_NAME]


def test_a_store_of_another_process_is_refused_and_then_free(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path}"
    with start_process(HOLD_OPEN, url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=r"in use by another process; stop that one"):
            open_store(url)
        process.communicate(timeout=PATIENCE_SECONDS)
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
    change_file(path, "CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(StoreError, match="not a tracestitch store"):
        open_store(f"duckdb:{path}")
    change_file(path, "INSERT INTO theirs VALUES (1)")  # and it is free again


def test_a_newer_store_is_refused(file: Path) -> None:
    change_file(file, "UPDATE state SET schema_version = 99")
    with pytest.raises(StoreError, match=r"schema version 99.*newer tracestitch"):
        open_store(f"duckdb:{file}")


def test_an_older_store_without_a_migration_is_refused(file: Path) -> None:
    change_file(file, "UPDATE state SET schema_version = -1")
    with pytest.raises(StoreError, match="version -1, which this tracestitch cannot migrate"):
        open_store(f"duckdb:{file}")


def test_an_older_store_is_migrated_step_by_step(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Version 0 had neither the table of keys nor the start beside a correlation value;
    version 1 lacked only the start."""
    sql = tmp_path / "sql"
    sql.mkdir()
    texts = {
        "add_keys": "CREATE TABLE keys (trace_hi UBIGINT NOT NULL, trace_lo UBIGINT NOT NULL, "
        "kind UTINYINT NOT NULL, key_hash UBIGINT NOT NULL, generation UBIGINT NOT NULL)",
        "add_start": "ALTER TABLE correlation ADD COLUMN start_time_unix_nano BIGINT",
        "fill_start": "UPDATE correlation SET start_time_unix_nano = 3",
    }
    monkeypatch.setattr("storage.duckdb_schema.statement", _with_texts(texts))
    steps = {0: ("add_keys",), 1: ("add_start", "fill_start")}
    monkeypatch.setattr(duckdb_schema, "MIGRATIONS", steps)
    monkeypatch.setattr(duckdb_schema, "SCHEMA_VERSION", 2)
    change_file(
        file,
        "UPDATE state SET schema_version = 0",
        "DROP TABLE keys",
        "ALTER TABLE correlation DROP COLUMN start_time_unix_nano",
    )
    for _ in range(2):
        store = open_store(f"duckdb:{file}")
        assert store.recent_correlation("order.id", 5) == ["1"]
        assert store.related_traces(traces(7), 5).num_rows == 1
        store.close()
    with duckdb.connect(file) as connection:
        assert connection.execute("SELECT schema_version FROM state").fetchall() == [(2,)]


def test_a_store_of_version_2_gets_notes_of_its_settings(file: Path) -> None:
    change_file(file, *FORM_OF_VERSION_3)
    change_file(file, "UPDATE state SET schema_version = 2", "DROP TABLE settings_notes")
    with closing(open_store(f"duckdb:{file}")) as store:
        assert store.settings_of_spans() == [""]
        store.note_settings("a")
    with closing(open_store(f"duckdb:{file}")) as store:
        assert store.settings_of_spans() == [""]
        store.append(make_batch([span(2, 2)]), 1)
        assert store.settings_of_spans() == ["", "a"]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE connection_rows ADD COLUMN colour VARCHAR",
        "ALTER TABLE orphans DROP COLUMN facts",
        "DROP TABLE past_facts",
    ],
)
def test_answers_in_tables_of_another_form_are_made_again(file: Path, change: str) -> None:
    with closing(open_store(f"duckdb:{file}")) as store:
        store.forget_answers("rules")
        store.replace_orphans(traces(1), make_table(schema.ORPHANS, [{"trace_hi": 1}]), 1)
        assert store.status().pending_spans == 0
    change_file(file, change)
    with closing(open_store(f"duckdb:{file}")) as store:
        assert (store.status().pending_spans, store.status().spans) == (1, 1)
        assert store.orphans_of(traces(1)).num_rows == 0
        assert store.answering_rules() == ""


def test_answers_of_a_store_that_kept_them_in_tables_of_their_names_are_made_again(
    file: Path,
) -> None:
    change_file(
        file,
        *("DROP VIEW endpoints", "DROP VIEW connections"),
        *(f"DROP TABLE {name}" for name in ("endpoint_rows", "connection_rows")),
        *(f"DROP TABLE {name}" for name in ("endpoint_shapes", "connection_shapes")),
        "CREATE TABLE endpoints (trace_hi UBIGINT)",
        "CREATE TABLE connections (consumer_trace_hi UBIGINT)",
        "INSERT INTO endpoints VALUES (1)",
        "UPDATE state SET analysed_generation = 1",
    )
    for _ in range(2):
        with closing(open_store(f"duckdb:{file}")) as store:
            assert (store.status().pending_spans, store.status().spans) == (1, 1)
            assert store.endpoints_of(traces(1)).num_rows == 0
            assert store.connections(ConnectionQuery(), Page()).table.num_rows == 0


def test_a_migration_that_fails_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"good": "CREATE TABLE extra (x INTEGER)", "bad": "SELECT * FROM nowhere"}
    monkeypatch.setattr("storage.duckdb_schema.statement", _with_texts(texts))
    monkeypatch.setattr(duckdb_schema, "MIGRATIONS", {1: ("good", "bad")})
    change_file(file, "UPDATE state SET schema_version = 1")
    with pytest.raises(StoreError, match="nowhere"):
        open_store(f"duckdb:{file}")
    with duckdb.connect(file) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        assert ("extra",) not in tables
        assert connection.execute("SELECT schema_version FROM state").fetchall() == [(1,)]


def _with_texts(texts: dict[str, str]) -> Callable[[str], str]:
    return lambda name: texts[name] if name in texts else statement(name)


def test_a_typed_column_that_is_new_is_added_to_an_older_store(file: Path) -> None:
    change_file(
        file,
        "ALTER TABLE shapes DROP COLUMN celery_task",
        "ALTER TABLE messaging DROP COLUMN body_size",
        "ALTER TABLE whole_messaging DROP COLUMN body_size",
        "ALTER TABLE whole_messaging DROP COLUMN event_id",
    )
    store = open_store(f"duckdb:{file}")
    (row,) = store.spans_of(traces(1)).messaging.to_pylist()
    assert (row["message_id"], row["event_id"], row["body_size"]) == ("m", None, None)
    one, two = span(2, 2), span(2, 3)
    told = [message(one, celery_task="t", event_id="e"), message(two, body_size=3)]
    store.append(make_batch([one, two], messaging=told), 1)
    found = store.spans_of(traces(2))
    assert set(found.shapes["celery_task"].to_pylist()) == {"t", None}
    assert found.messaging["event_id"].to_pylist() == ["e", None]
    assert found.messaging["body_size"].to_pylist() == [None, 3]
    store.close()


def test_a_store_with_a_missing_column_is_refused(file: Path) -> None:
    change_file(file, "ALTER TABLE spans DROP COLUMN flags")
    with pytest.raises(StoreError, match=r"spans\.flags is missing or of another type"):
        open_store(f"duckdb:{file}")


@pytest.mark.parametrize("used", [False, True])
def test_a_read_only_directory_is_refused(used: bool) -> None:
    with TemporaryDirectory() as directory:  # others cannot enter pytest's
        if used:
            open_store(f"duckdb:{directory}").close()
        Path(directory).chmod(0o555)
        with start_process(OPEN_AS_ANYBODY, f"duckdb:{directory}") as process:
            told, _ = process.communicate(timeout=PATIENCE_SECONDS)
        Path(directory).chmod(0o755)
        assert "cannot be written; check the permissions of its directory." in told
        assert [path.name for path in Path(directory).iterdir()] == [FILE_NAME] * used


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
