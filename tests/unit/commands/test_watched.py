"""Files that are read again when they change."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tracestitch.watched import LOOK_SECONDS, UnusableFile, WatchedFiles, read_file


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += LOOK_SECONDS  # every question is late enough to look
        return self.now


def watching(file: Path, clock: Callable[[], float] | None = None) -> WatchedFiles[bytes]:
    def load() -> bytes:
        content = read_file("--flag", file, 100)
        if content == b"bad":
            raise UnusableFile(f"--flag {file} is bad.")
        return content

    return WatchedFiles([file], load, clock or Clock())


def test_a_change_is_seen_and_no_change_reads_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    watched = watching(file)
    first = watched.current()

    assert watched.current() is first
    file.write_bytes(b"two")
    assert watched.current() == b"two"


def test_a_replaced_file_is_seen_also_when_size_and_time_are_the_same(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(b"one")
    watched = watching(file)
    other.write_bytes(b"two")
    told = file.stat()
    os.utime(other, ns=(told.st_atime_ns, told.st_mtime_ns))
    other.rename(file)

    assert watched.current() == b"two"


@pytest.mark.parametrize("damage", ["bad", "gone", "large"])
def test_what_cannot_be_used_is_said_once_and_the_old_stays(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    watched = watching(file)
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(b"bad" if damage == "bad" else bytes(101))

    assert [watched.current() for _ in range(3)] == [b"one"] * 3
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(file) in caplog.text
    file.write_bytes(b"two")
    assert watched.current() == b"two"


def test_a_file_that_becomes_readable_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    watched = watching(file)
    file.unlink()
    assert watched.current() == b"one"
    file.write_bytes(b"two")
    assert watched.current() == b"two"


def test_it_looks_at_most_once_a_second(tmp_path: Path) -> None:
    file, now = tmp_path / "file", [0.0]
    file.write_bytes(b"one")
    watched = watching(file, lambda: now[0])
    file.write_bytes(b"two")

    assert watched.current() == b"one"
    now[0] = LOOK_SECONDS
    assert watched.current() == b"two"


@pytest.mark.parametrize("kind", ["missing", "directory", "nul", "large"])
def test_a_file_that_cannot_be_read_is_named_with_its_flag(kind: str, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(101))
    path = {
        "missing": tmp_path / "missing",
        "directory": tmp_path,
        "nul": Path("a\0b"),
        "large": large,
    }[kind]

    with pytest.raises(UnusableFile, match=r"^--flag .*\.$"):
        read_file("--flag", path, 100)
