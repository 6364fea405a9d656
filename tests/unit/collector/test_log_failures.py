"""The request log on a disk that fails while it is written."""

import errno
import fcntl
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.block_writing import BLOCK_BYTES
from collector.request_log import RequestLog
from storage.contract import StoreError


def reopen(directory: Path) -> list[bytes]:
    return list(RequestLog(directory).replay())


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """As on a full disk: a write goes as far as there is room, the next one fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


class Failing:
    """A system call that fails while `left` is above 0."""

    def __init__(self, call: Callable[..., Any], code: int = errno.EIO) -> None:
        self._call, self._code = call, code
        self.left = 0

    def __call__(self, *arguments: Any) -> Any:
        if self.left:
            self.left -= 1
            raise OSError(self._code, os.strerror(self._code))
        return self._call(*arguments)


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int = errno.EIO) -> Failing:
    stand_in = Failing(getattr(os, name), code)
    monkeypatch.setattr(os, name, stand_in)
    return stand_in


@pytest.mark.parametrize("part", [0, 1, 200, 512])
def test_a_full_disk_leaves_whole_frames_only_and_is_one_sentence(
    part: int, tmp_path: Path
) -> None:
    """Also where the room ends inside a block, or a sector."""
    log = RequestLog(tmp_path)
    log.append([b"one"])
    with file_size_limit(3 * BLOCK_BYTES + part):
        with pytest.raises(StoreError, match=r"The request log .* cannot be used \(File too"):
            log.append([b"fits", b"x" * 10_000])
        assert reopen(tmp_path) == [b"one"]
        assert log.append([b"small"]) == 2

    assert log.append([b"y" * 1_000]) == 3
    assert reopen(tmp_path) == [b"one", b"small", b"y" * 1_000]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_disk_without_room_for_a_new_segment_leaves_no_file(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    with file_size_limit(10):
        with pytest.raises(StoreError):
            log.append([b"one"])
        assert list(tmp_path.iterdir()) == []

    assert log.append([b"one"]) == 1
    assert reopen(tmp_path) == [b"one"]


def test_after_a_failed_sync_the_segment_is_left_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RequestLog(tmp_path)
    log.append([b"one"])
    sync = failing(monkeypatch, "fdatasync")
    sync.left = 1
    with pytest.raises(StoreError, match="Input/output error"):
        log.append([b"not acknowledged"])
    assert log.append([b"two"]) == 2

    assert reopen(tmp_path) == [b"one", b"two"]
    assert len(list(tmp_path.iterdir())) == 2
    log.release(2)
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_throughout_is_refused_each_time_and_may_recover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RequestLog(tmp_path)
    sync = failing(monkeypatch, "fdatasync")
    sync.left = 5
    for _ in range(5):
        with pytest.raises(StoreError):
            log.append([b"refused"])
    assert log.append([b"taken"]) == 1

    assert reopen(tmp_path) == [b"taken"]


def test_a_segment_that_cannot_be_cut_back_is_left_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = RequestLog(tmp_path)
    log.append([b"one"])
    cut = failing(monkeypatch, "ftruncate")
    cut.left = 1
    with file_size_limit(3 * BLOCK_BYTES), pytest.raises(StoreError):
        log.append([b"x" * 10_000])
    assert log.append([b"two"]) == 2

    assert reopen(tmp_path) == [b"one", b"two"]
    assert len(caplog.records) == 1  # it cannot be told from damage, so it is said


def test_a_directory_that_cannot_be_synced_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RequestLog(tmp_path)
    sync = failing(monkeypatch, "fsync")
    sync.left = 1
    with pytest.raises(StoreError):
        log.append([b"one"])

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [7, 512, 1_000])
def test_interrupted_writes_go_on_where_they_stopped(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, memory: write(file, memory[:length]))
    RequestLog(tmp_path).append([b"first payload", b"second payload"])

    assert reopen(tmp_path) == [b"first payload", b"second payload"]


def writes_directly(descriptor: int) -> bool:
    """Past the page cache."""
    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT)


@pytest.mark.parametrize("where", ["when opened", "when written"])
def test_a_file_system_that_refuses_direct_writes_is_written_through_the_page_cache(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def refuse(call: Callable[..., Any], direct: bool, *arguments: Any) -> Any:
        if direct:
            refused.append(arguments)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return call(*arguments)

    opened, write = os.open, os.write

    def open_refusing(path: Path, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:  # as kernels do: the file is there already
            os.close(opened(path, flags & ~os.O_DIRECT, *mode))
        return int(refuse(opened, bool(flags & os.O_DIRECT), path, flags, *mode))

    if where == "when opened":
        monkeypatch.setattr(os, "open", open_refusing)
    else:
        monkeypatch.setattr(os, "write", lambda d, m: refuse(write, writes_directly(d), d, m))
    log = RequestLog(tmp_path)
    log.append([b"one"])
    log.append([b"two" * 10_000])

    assert len(refused) == 1
    assert reopen(tmp_path) == [b"one", b"two" * 10_000]


def test_a_file_that_cannot_be_opened_for_another_reason_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RequestLog(tmp_path)
    monkeypatch.setattr(os, "open", Failing(os.open, errno.EACCES))
    os.open.left = 1  # type: ignore[attr-defined] # the stand-in above
    with pytest.raises(StoreError, match="Permission denied"):
        log.append([b"one"])

    assert list(tmp_path.iterdir()) == []


def test_a_segment_that_cannot_be_deleted_is_deleted_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RequestLog(tmp_path, segment_bytes=1)
    log.append([b"one"])
    log.append([b"two"])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", Failing(Path.unlink, errno.EACCES))
        Path.unlink.left = 1  # type: ignore[attr-defined] # the stand-in above
        log.release(1)
    assert reopen(tmp_path) == [b"one", b"two"]

    log.release(1)
    assert reopen(tmp_path) == [b"two"]
