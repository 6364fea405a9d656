"""The request log: what was appended is there again, in order, until it is released."""

from pathlib import Path

import pytest

from collector.block_writing import BLOCK_BYTES
from collector.log_segment import FRAME_BYTES
from collector.request_log import RequestLog

PAYLOADS = [b"first", b"second " * 100, b"\x00", b"\xff" * 5_000]


def reopen(directory: Path) -> list[bytes]:
    """What a process that starts now finds."""
    return list(RequestLog(directory).replay())


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_payloads_come_back_in_their_order(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    assert log.append(PAYLOADS[:1]) == 1
    assert log.append(PAYLOADS[1:]) == 4

    assert reopen(tmp_path) == PAYLOADS
    assert log.position == 4


def test_the_directory_is_made(tmp_path: Path) -> None:
    directory = tmp_path / "made" / "when missing"
    RequestLog(directory).append([b"payload"])

    assert reopen(directory) == [b"payload"]


def test_more_payloads_than_one_system_call_takes_are_one_append(tmp_path: Path) -> None:
    many = [str(number).encode() for number in range(3_000)]
    RequestLog(tmp_path).append(many)

    assert reopen(tmp_path) == many


@pytest.mark.parametrize("more", [-13, -12, -1, 0, 1, BLOCK_BYTES])
def test_payloads_of_any_size_fill_whole_blocks(more: int, tmp_path: Path) -> None:
    payloads = [b"x" * (BLOCK_BYTES - FRAME_BYTES + more), b"another"]
    log = RequestLog(tmp_path)
    for payload in payloads:
        log.append([payload])

        assert log.nbytes % BLOCK_BYTES == 0
    assert reopen(tmp_path) == payloads


def test_payloads_larger_than_the_memory_they_are_written_from_are_one_append(
    tmp_path: Path,
) -> None:
    large = [bytes([number]) * size for number, size in enumerate([9_000_000, 5, 4_194_304 - 41])]
    log = RequestLog(tmp_path)
    assert log.append(large) == 3
    log.append([b"after them"])

    assert reopen(tmp_path) == [*large, b"after them"]


def test_a_fresh_log_has_no_file_and_a_closed_empty_one_neither(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    assert files(tmp_path) == []
    log.append([b"payload"])
    log.release(1)
    log.close()

    assert files(tmp_path) == []


def test_closing_keeps_what_was_not_released(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    log.append([b"one", b"two"])
    log.release(1)
    log.close()
    log.close()

    assert reopen(tmp_path) == [b"one", b"two"]


def test_segments_are_deleted_when_all_in_them_is_released(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, segment_bytes=1)  # a segment for each append
    for payload in PAYLOADS:
        log.append([payload])
    assert len(files(tmp_path)) == 4

    log.release(2)
    assert reopen(tmp_path) == PAYLOADS[2:]
    log.release(1)
    assert reopen(tmp_path) == PAYLOADS[2:]
    log.release(4)
    assert reopen(tmp_path) == []


def test_a_segment_that_is_written_is_emptied_and_used_again(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    log.append([b"one"])
    log.release(1)
    assert log.nbytes == BLOCK_BYTES
    assert log.append([b"two", b"three"]) == 3

    assert len(files(tmp_path)) == 1
    assert reopen(tmp_path) == [b"two", b"three"]
    assert list(log.read(1, 3)) == [b"two", b"three"]


def test_a_segment_with_one_needed_frame_stays_whole(tmp_path: Path) -> None:
    log = RequestLog(tmp_path)
    log.append([b"one", b"two"])
    log.release(1)

    assert reopen(tmp_path) == [b"one", b"two"]


def test_the_size_on_disk_is_told(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, segment_bytes=1)
    log.append([b"12345"])
    log.append([b"1"])

    assert log.nbytes == 2 * 2 * BLOCK_BYTES
    assert log.nbytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert RequestLog(tmp_path).nbytes == log.nbytes


@pytest.mark.parametrize("segment_bytes", [1, 50, 10_000])
def test_any_range_of_payloads_can_be_read(segment_bytes: int, tmp_path: Path) -> None:
    log = RequestLog(tmp_path, segment_bytes=segment_bytes)
    for payload in PAYLOADS:
        log.append([payload])

    for after in range(4):
        for last in range(after, 5):
            assert list(log.read(after, last)) == PAYLOADS[after:last]


def test_what_was_replayed_can_be_read_and_new_frames_follow_it(tmp_path: Path) -> None:
    RequestLog(tmp_path).append([b"one", b"two"])
    log = RequestLog(tmp_path)
    assert list(log.replay()) == [b"one", b"two"]
    assert log.append([b"three"]) == 3

    assert list(log.read(1, 3)) == [b"two", b"three"]
    log.release(2)
    assert reopen(tmp_path) == [b"three"]


def test_other_files_in_the_directory_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "requests-1.log").write_bytes(b"not ours")
    (tmp_path / "notes.txt").write_bytes(b"not ours")
    log = RequestLog(tmp_path)
    log.append([b"payload"])
    assert reopen(tmp_path) == [b"payload"]
    log.release(1)
    log.close()

    assert files(tmp_path) == ["notes.txt", "requests-1.log"]


def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    RequestLog(tmp_path).append([b"payload"])

    assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()] == [0]
