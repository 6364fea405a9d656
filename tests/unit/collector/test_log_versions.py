"""The request log on segments that another version of the server has written."""

import struct
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from xxhash import xxh3_64_intdigest

from collector.log_segment import MAGIC, VERSION
from collector.request_log import RequestLog
from storage.contract import StoreError

PAYLOADS = [b"one", b"a second one", b"the third"]


def test_another_version_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "requests-0000000001.log"
    start = struct.pack("<8sI4s", MAGIC, VERSION + 1, b"mark")
    path.write_bytes(start + struct.pack("<I", crc32(start)) + b"unknown")

    with pytest.raises(StoreError, match=f"version {VERSION + 1}"):
        list(RequestLog(tmp_path).replay())
    assert path.exists()


def crc32_frame(payload: bytes) -> bytes:
    """Of version 1."""
    length = struct.pack("<I", len(payload))
    return b"mark" + length + struct.pack("<I", crc32(length + payload)) + payload


def xxh3_frame(payload: bytes) -> bytes:
    """Of version 2."""
    checksum = xxh3_64_intdigest(payload, len(payload)) & 0xFFFFFFFF
    return struct.pack("<4sII", b"mark", len(payload), checksum) + payload


@pytest.mark.parametrize("damage", [b"", b"X"])
@pytest.mark.parametrize(("version", "frame"), [(1, crc32_frame), (2, xxh3_frame)])
def test_a_segment_of_an_older_version_is_read(
    version: int, frame: Callable[[bytes], bytes], damage: bytes, tmp_path: Path
) -> None:
    """A server that was killed before an update had written it: no blocks in it are filled."""
    start = struct.pack("<8sI4s", MAGIC, version, b"mark")
    header = damage + (start + struct.pack("<I", crc32(start)))[len(damage) :]
    content = header + b"".join(map(frame, PAYLOADS))
    (tmp_path / "requests-0000000001.log").write_bytes(content)
    log = RequestLog(tmp_path)
    assert list(log.replay()) == PAYLOADS
    log.append([b"of this version"])
    log.close()

    assert list(RequestLog(tmp_path).replay()) == [*PAYLOADS, b"of this version"]
