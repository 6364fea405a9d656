"""A file or a write-ahead log that is damaged: what can be read is there, and it is said."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from storage.contract import StoreError
from storage.duckdb_opening import FILE_NAME
from storage.engines import open_store
from tests.contract.rows import make_batch, span, traces
from tests.contract.stores import start_process
from tests.waiting import PATIENCE_SECONDS

APPENDS = 10
APPEND_AND_DIE = f"""
import os, sys
from storage.engines import open_store
from tests.contract.rows import make_batch, span

store = open_store(sys.argv[1])
for number in range(1, {APPENDS} + 1):
    store.append(make_batch([span(number, n) for n in range(1, 51)]), number)
os._exit(9)
"""
ASIDE = f"{FILE_NAME}.wal.damaged-*"


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a store that died with ten appends in its log and nothing in its
    file."""
    directory = tmp_path_factory.mktemp("died")
    with start_process(APPEND_AND_DIE, f"duckdb:{directory}") as process:
        process.communicate(timeout=PATIENCE_SECONDS)
    return directory


@pytest.fixture
def log(died: Path, tmp_path: Path) -> Path:
    """The log of a copy of it."""
    return copytree(died, tmp_path / "copy") / f"{FILE_NAME}.wal"


def spans_in(log: Path) -> int:
    store = open_store(f"duckdb:{log.parent}")
    spans = store.status().spans
    assert store.spans_of(traces(*range(1, APPENDS + 1))).spans.num_rows == spans
    assert store.append(make_batch([span(99, 1)]), 99).stored == 1
    store.close()
    again = open_store(f"duckdb:{log.parent}")
    assert again.status().spans == spans + 1
    again.close()
    return spans


def flip(log: Path, share: float) -> None:
    damaged = bytearray(log.read_bytes())
    damaged[int(share * len(damaged))] ^= 0x10
    log.write_bytes(damaged)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_what_stands_before_the_damage_is_there_and_the_log_is_kept(
    share: float, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flip(log, share)
    before, damaged = log.stat().st_size, log.read_bytes()
    with caplog.at_level(logging.ERROR):
        spans = spans_in(log)
    assert 50 * APPENDS * share - 100 <= spans < 50 * APPENDS * share + 50
    assert spans % 50 == 0
    (aside,) = log.parent.glob(ASIDE)
    assert aside.read_bytes() == damaged
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"ATTENTION: the write-ahead log {log} is damaged from byte ")
    assert f" of {before:,} on." in line
    assert f"is lost; everything before is there. The log is kept as {aside.name}." in line


def garble(log: Path) -> None:
    log.write_bytes(b"garbage" * 1_000)


def change_version(log: Path) -> None:
    damaged = bytearray(log.read_bytes())
    damaged[5] ^= 1
    log.write_bytes(damaged)


def swap(log: Path) -> None:
    """As if another store's log was put there: the file's own id differs."""
    damaged = bytearray(log.read_bytes())
    damaged[12] ^= 1
    log.write_bytes(damaged)


@pytest.mark.parametrize("damage", [garble, change_version, swap])
def test_a_log_that_cannot_be_read_at_all_is_kept_and_said(
    damage: Callable[[Path], None], log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(log)
    damaged = log.read_bytes()
    assert spans_in(log) == 0
    assert damaged in [aside.read_bytes() for aside in log.parent.glob(ASIDE)]
    assert "ATTENTION" in caplog.text


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.3, 0.999])
def test_a_torn_end_was_never_stored_and_is_dropped_quietly(
    share: float, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.truncate(log, int(share * log.stat().st_size))
    spans = spans_in(log)
    assert spans % 50 == 0
    assert spans <= 50 * APPENDS * share
    assert not list(log.parent.glob(ASIDE))
    assert caplog.text == ""


def test_a_store_that_needs_more_memory_than_there_is_keeps_its_log(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.duckdb_opening.MEMORY_LIMIT", "1MB")
    with pytest.raises(StoreError, match="needs more memory than it may use"):
        open_store(f"duckdb:{log.parent}")
    assert not list(log.parent.glob(ASIDE))
    monkeypatch.undo()
    assert spans_in(log) == 50 * APPENDS


def read_all(directory: Path) -> None:
    store = open_store(f"duckdb:{directory}")
    try:
        store.spans_of(traces(1))
    finally:
        store.close()


def test_a_block_of_the_file_that_is_damaged_is_a_sentence(tmp_path: Path) -> None:
    store = open_store(f"duckdb:{tmp_path}")
    store.append(make_batch([span(1, n, name=f"{n:0>900}") for n in range(2_000)]), 1)
    store.close()
    path = tmp_path / FILE_NAME
    damaged = bytearray(path.read_bytes())
    for position in range(12_288 + 100, len(damaged), 4_096):
        damaged[position] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"damaged|cannot be opened|failed") as raised:
        read_all(tmp_path)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == bytes(damaged)


def test_a_file_of_a_newer_duckdb_is_a_sentence_and_left_alone(file: Path) -> None:
    newer = bytearray(file.read_bytes())
    newer[12] += 1  # the version stands behind the magic bytes
    file.write_bytes(newer)
    with pytest.raises(StoreError, match=r"another version of DuckDB|cannot be opened"):
        open_store(f"duckdb:{file}")
    assert file.read_bytes() == bytes(newer)
