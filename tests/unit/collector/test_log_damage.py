"""The request log on files that are torn or damaged."""

import logging
import os
from pathlib import Path
from random import Random

import pytest

from collector.block_writing import BLOCK_BYTES
from collector.log_segment import FRAME_BYTES, HEADER_BYTES, read_segment
from collector.request_log import RequestLog
from storage.contract import StoreError

PAYLOADS = [b"one", b"a second one", b"the third"]
SECTOR = 512  # what a disk writes whole or not at all
STARTS = [BLOCK_BYTES]
for _payload in PAYLOADS:
    STARTS.append(STARTS[-1] + FRAME_BYTES + len(_payload))
# All but the zeros that blocks are filled up with, but for some of them.
PLACES = [
    *range(HEADER_BYTES + FRAME_BYTES + 9),
    *range(BLOCK_BYTES - 9, STARTS[-1] + FRAME_BYTES + 9),
    *range(2 * BLOCK_BYTES - 9, 2 * BLOCK_BYTES),
]


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
    assert len(content) == 2 * BLOCK_BYTES
    for length in PLACES:
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
    before = range(HEADER_BYTES + FRAME_BYTES)
    for offset in [*before, *range(BLOCK_BYTES, STARTS[-2])]:
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
        if hit < 0 and offset >= HEADER_BYTES:
            start, end = HEADER_BYTES, BLOCK_BYTES
        assert f"from byte {start} to {end}" in record.message
        assert str(directory / whole.name) in record.message


def test_a_flipped_bit_among_the_zeros_that_fill_a_block_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = write_segments(tmp_path, PAYLOADS)
    broken = bytearray(path.read_bytes())
    for offset in (HEADER_BYTES + FRAME_BYTES, BLOCK_BYTES - 1, 2 * BLOCK_BYTES - 1):
        broken[offset] ^= 1
    path.write_bytes(broken)

    assert reopen(tmp_path) == PAYLOADS
    assert caplog.records == []


def test_a_torn_segment_that_others_follow_is_damage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = write_segments(tmp_path, PAYLOADS, [b"four"])
    first.write_bytes(first.read_bytes()[: STARTS[-1] - 1])

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


@pytest.mark.parametrize("seed", range(20))
def test_whatever_a_lost_write_left_behind_what_was_acknowledged_is_there(
    seed: int, tmp_path: Path
) -> None:
    """The power fails in the middle of an append. Sectors of it reached the disk or not, in
    any order; in the others stands nothing, or what stood there before: blocks of a segment
    that was deleted."""
    chance = Random(seed)
    (old,) = write_segments(tmp_path / "old", [chance.randbytes(900) for _ in range(60)])
    log = RequestLog(tmp_path / "log")
    acknowledged = []
    for _ in range(chance.randrange(1, 4)):
        group = [chance.randbytes(chance.randrange(1, 6_000)) for _ in range(3)]
        log.append(group)
        acknowledged += group
    (path,) = (tmp_path / "log").iterdir()
    durable = path.stat().st_size
    lost = [chance.randbytes(chance.randrange(1, 6_000)) for _ in range(3)]
    log.append(lost)
    content = bytearray(path.read_bytes())
    stale = old.read_bytes()
    for start in range(durable, len(content), SECTOR):
        sources = [bytes(content), bytes(len(content)), stale]
        there = chance.choice(sources)[start : start + SECTOR]
        content[start : start + SECTOR] = there.ljust(SECTOR, b"\0")
    for size in range(durable, len(content) + 1, SECTOR):
        path.write_bytes(content[:size])
        found = list(RequestLog(tmp_path / "log").replay())

        assert found[: len(acknowledged)] == acknowledged
        assert set(found[len(acknowledged) :]) <= set(lost)


def test_frames_inside_a_payload_are_never_taken_for_frames(tmp_path: Path) -> None:
    """A sender can put anything into a request, also a copy of a log that it made."""
    (forged,) = write_segments(tmp_path / "forged", [b"forged"] * 3)
    (path,) = write_segments(tmp_path / "log", [b"one", forged.read_bytes() * 2, b"three"])
    broken = bytearray(path.read_bytes())
    broken[BLOCK_BYTES + FRAME_BYTES + 3 + 4] ^= 0xFF  # the length of the second frame
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
