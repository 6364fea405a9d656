"""The request log on files that are torn or damaged."""

import logging
import os
import struct
from pathlib import Path
from zlib import crc32

import pytest

from collector.log_segment import FRAME_BYTES, HEADER_BYTES, MAGIC, read_segment
from collector.request_log import RequestLog
from storage.contract import StoreError

PAYLOADS = [b"one", b"a second one", b"the third"]
STARTS = [HEADER_BYTES]
for _payload in PAYLOADS:
    STARTS.append(STARTS[-1] + FRAME_BYTES + len(_payload))


def write_segments(directory: Path, *contents: list[bytes]) -> list[Path]:
    """Their files, each of one append."""
    log = RequestLog(directory, segment_bytes=1)
    for content in contents:
        log.append(content)
    return sorted(directory.iterdir())


def reopen(directory: Path) -> list[bytes]:
    """What the next start finds; all of it is stored then."""
    log = RequestLog(directory)
    found = list(log.replay())
    log.release(log.position)
    return found


def test_a_tail_torn_at_any_byte_is_dropped_quietly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (whole,) = write_segments(tmp_path / "whole", PAYLOADS)
    content = whole.read_bytes()
    assert len(content) == STARTS[-1]
    for length in range(len(content)):
        directory = tmp_path / str(length)
        directory.mkdir()
        (directory / whole.name).write_bytes(content[:length])
        complete = sum(end <= length for end in STARTS[1:])

        assert reopen(directory) == PAYLOADS[:complete], length
        assert list(directory.iterdir()) == []
    assert caplog.records == []


@pytest.mark.parametrize("garbage", [bytes(100), b"\xff" * 100, b"x"])
def test_garbage_behind_the_last_frame_is_dropped_quietly(
    garbage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file can grow before its content reaches the disk."""
    (path,) = write_segments(tmp_path, PAYLOADS)
    with path.open("ab") as file:
        file.write(garbage)

    assert reopen(tmp_path) == PAYLOADS
    assert caplog.records == []


def test_a_flipped_bit_anywhere_before_the_last_frame_is_said_and_costs_one_frame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (whole,) = write_segments(tmp_path / "whole", PAYLOADS)
    content = whole.read_bytes()
    for offset in range(STARTS[-2]):
        directory = tmp_path / str(offset)
        directory.mkdir()
        broken = bytearray(content)
        broken[offset] ^= 1 << offset % 8
        (directory / whole.name).write_bytes(broken)
        hit = sum(start <= offset for start in STARTS) - 1
        caplog.clear()

        assert reopen(directory) == [p for n, p in enumerate(PAYLOADS) if n != hit], offset
        assert [path.name for path in directory.iterdir()] == ["requests-0000000001.damaged"]
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        start, end = (STARTS[hit], STARTS[hit + 1]) if hit >= 0 else (0, HEADER_BYTES)
        assert f"from byte {start} to {end}" in record.message
        assert str(directory / whole.name) in record.message


def test_a_torn_segment_that_others_follow_is_damage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = write_segments(tmp_path, PAYLOADS, [b"four"])
    first.write_bytes(first.read_bytes()[:-1])

    assert reopen(tmp_path) == [*PAYLOADS[:-1], b"four"]
    assert len(caplog.records) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["requests-0000000001.damaged"]


def test_a_segment_that_starts_with_something_else_is_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = write_segments(tmp_path, PAYLOADS, [b"four"])
    first.write_bytes(b"SQLite format 3\x00" * 20)

    assert reopen(tmp_path) == [b"four"]
    assert "from byte 0 to" in caplog.messages[0]
    assert first.with_suffix(".damaged").exists()


def test_a_foreign_header_costs_no_frame(tmp_path: Path) -> None:
    (path,) = write_segments(tmp_path, PAYLOADS)
    path.write_bytes(bytes(HEADER_BYTES) + path.read_bytes()[HEADER_BYTES:])
    assert reopen(tmp_path) == PAYLOADS


def test_what_is_taken_back_while_it_is_read_harms_nobody(tmp_path: Path) -> None:
    """A write that fails on a full disk is cut off again: pages of it that a reader had
    mapped would end the process."""
    log = RequestLog(tmp_path)
    log.append([b"x" * 10_000])
    (path,) = tmp_path.iterdir()
    durable = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"y" * 100_000)
    reading = log.read(0, 1)
    os.truncate(path, durable)
    assert list(reading) == [b"x" * 10_000]
    with path.open("ab") as file:
        file.write(b"y" * 100_000)
    segment = read_segment(path, durable)
    first = next(segment)
    os.truncate(path, durable)
    assert [first, *segment] == [b"x" * 10_000]


def test_a_damaged_file_is_kept_until_its_frames_are_released(tmp_path: Path) -> None:
    """A start that is killed before they are stored finds them again."""
    first, _ = write_segments(tmp_path, PAYLOADS, [b"four"])
    broken = bytearray(first.read_bytes())
    broken[STARTS[0] + FRAME_BYTES] ^= 1
    first.write_bytes(broken)

    for _ in range(2):
        assert list(RequestLog(tmp_path).replay()) == [*PAYLOADS[1:], b"four"]


def test_a_number_is_never_used_again_while_a_damaged_file_has_it(tmp_path: Path) -> None:
    (tmp_path / "requests-0000000007.damaged").write_bytes(b"kept for the operator")
    RequestLog(tmp_path).append([b"payload"])

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "requests-0000000007.damaged",
        "requests-0000000008.log",
    ]


@pytest.mark.parametrize("size", [0, 1, HEADER_BYTES - 1, HEADER_BYTES])
def test_an_empty_file_is_an_empty_segment(
    size: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The process ended after it had made the file."""
    (path,) = write_segments(tmp_path, PAYLOADS)
    path.write_bytes(path.read_bytes()[:size])

    assert reopen(tmp_path) == []
    assert caplog.records == []
    assert list(tmp_path.iterdir()) == []


def test_another_version_is_not_guessed_at(tmp_path: Path) -> None:
    (path,) = write_segments(tmp_path, PAYLOADS)
    start = struct.pack("<8sI4s", MAGIC, 3, b"mark")
    path.write_bytes(start + struct.pack("<I", crc32(start)) + b"unknown")

    with pytest.raises(StoreError, match="version 3"):
        reopen(tmp_path)
    assert path.exists()


@pytest.mark.parametrize("damage", [b"", b"X"])
def test_a_segment_of_the_first_version_is_read(damage: bytes, tmp_path: Path) -> None:
    """A server that was killed before an update had written it."""
    start = struct.pack("<8sI4s", MAGIC, 1, b"mark")
    header = damage + (start + struct.pack("<I", crc32(start)))[len(damage) :]
    frames = [
        struct.pack("<4sII", b"mark", len(each), crc32(struct.pack("<I", len(each)) + each)) + each
        for each in PAYLOADS
    ]
    (tmp_path / "requests-0000000001.log").write_bytes(header + b"".join(frames))

    assert reopen(tmp_path) == PAYLOADS


def test_frames_inside_a_payload_are_never_taken_for_frames(tmp_path: Path) -> None:
    """A sender can put anything into a request, also a copy of a log that it made."""
    (forged,) = write_segments(tmp_path / "forged", [b"forged"] * 3)
    (path,) = write_segments(tmp_path / "log", [b"one", forged.read_bytes() * 2, b"three"])
    broken = bytearray(path.read_bytes())
    broken[HEADER_BYTES + FRAME_BYTES + 3 + 4] ^= 0xFF  # the length of the second frame
    path.write_bytes(broken)

    assert reopen(path.parent) == [b"one", b"three"]


def test_a_directory_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreError, match=r"The request log .*file.* cannot be used"):
        RequestLog(tmp_path / "file" / "log")


@pytest.mark.parametrize("harm", ["removed", "cut"])
def test_a_log_whose_file_is_taken_away_acknowledges_nothing_into_the_void(
    harm: str, tmp_path: Path
) -> None:
    log = RequestLog(tmp_path)
    log.append([b"before"])
    (path,) = tmp_path.iterdir()
    if harm == "removed":
        path.unlink()
    else:
        os.truncate(path, 0)
    with pytest.raises(StoreError, match="removed or cut"):
        log.append([b"lost"])
    log.append([b"in another file"])
    assert b"in another file" in list(RequestLog(tmp_path).replay())


def test_segments_are_numbered_without_end(tmp_path: Path) -> None:
    (first,) = write_segments(tmp_path, [b"one"])
    first.rename(tmp_path / "requests-9999999999.log")
    RequestLog(tmp_path).append([b"two"])
    assert list(RequestLog(tmp_path).replay()) == [b"one", b"two"]
