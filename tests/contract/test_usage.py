"""What a store takes on disk, and its checkpoints."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from storage import duckdb_database
from storage.contract import SpanStore
from storage.duckdb_opening import FILE_NAME
from storage.duckdb_store import DuckDBStore
from storage.engines import open_store
from tests.contract.rows import make_batch, span


def test_usage_is_told_also_when_the_store_is_closed(store: SpanStore) -> None:
    before = store.usage()
    store.close()
    assert store.usage().checkpoints == before.checkpoints == 0
    assert store.usage().file_bytes >= before.file_bytes


def test_usage_is_what_lies_on_disk(tmp_path: Path) -> None:
    store = open_store(f"duckdb:{tmp_path}")
    store.append(make_batch([span(1, 1)]), 1)
    usage = store.usage()
    assert usage.file_bytes == (tmp_path / FILE_NAME).stat().st_size
    assert usage.log_bytes == (tmp_path / f"{FILE_NAME}.wal").stat().st_size > 0
    store.close()
    assert store.usage().log_bytes == 0


def test_checkpoints_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_database, "LONGEST_LOG_BYTES", 1)
    store = open_store(f"duckdb:{tmp_path}")
    for number in (1, 2):  # the second finds a log that is too long
        store.append(make_batch([span(number, 1)]), 1)
    usage = store.usage()
    store.close()
    assert usage.checkpoints == 1
    assert usage.checkpoint_seconds > 0


@pytest.mark.parametrize(("took", "quiet"), [(0.0, 2.0), (0.1, 2.0), (1.5, 15.0), (30.0, 60.0)])
def test_the_longer_a_checkpoint_took_the_longer_a_quiet_the_next_one_waits_for(
    took: float, quiet: float
) -> None:
    assert duckdb_database.quiet_after(took) == quiet


def test_the_log_of_a_quiet_store_is_moved_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_database, "_QUIET_SECONDS", 0.01)
    monkeypatch.setattr(duckdb_database, "_WORTH_CHECKPOINT_BYTES", 0)
    with closing(DuckDBStore(str(tmp_path))) as store:
        store.append(make_batch([span(1, 1)]), 1)
        patience = time.monotonic() + 30
        while store.usage().checkpoints == 0 and time.monotonic() < patience:
            time.sleep(0.01)
        usage = store.usage()
        assert (usage.checkpoints, usage.log_bytes) == (1, 0)
        quiet = duckdb_database.quiet_after(usage.checkpoint_seconds)
        assert store._database._quiet_seconds == quiet
