"""One file of the request log: a header and frames.

    header   magic, version (u32), marker (u32), CRC-32 of what is before it (u32)
    frame    marker (u32), length (u32), CRC-32 of length and payload (u32), payload

Little-endian. The marker is random in each segment: after damage the next frame is found
by it, and nobody who sends requests can make a frame inside a payload.
"""

import mmap
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

MAGIC = b"TSREQLOG"
VERSION = 1
_HEADER = struct.Struct("<8sI4sI")
_FRAME = struct.Struct("<4sII")
_LENGTH = struct.Struct("<I")
HEADER_BYTES = _HEADER.size
FRAME_BYTES = _FRAME.size
MARKER_BYTES = 4


class OtherVersion(ValueError):
    """The segment is whole, but of a version that is not read here."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Bytes that are no frames."""

    start: int
    end: int
    """Where the next whole frame begins, or the end of the file."""
    is_tail: bool
    """No whole frame follows."""


def make_header() -> tuple[bytes, bytes]:
    """The header of a new segment, and its marker."""
    marker = secrets.token_bytes(MARKER_BYTES)
    start = _HEADER.pack(MAGIC, VERSION, marker, 0)[: -_LENGTH.size]
    return start + _LENGTH.pack(crc32(start)), marker


def frame_header(marker: bytes, payload: bytes) -> bytes:
    """What stands before a payload of at least one byte."""
    return _FRAME.pack(marker, len(payload), _checksum(payload))


def read_segment(path: Path, size: int | None = None) -> Iterator[bytes | Flaw]:
    """Payloads in their order, and what is damaged between them; of the first `size` bytes
    alone where more may be on its way, or be taken back. Raises OSError, OtherVersion."""
    with path.open("rb") as file:
        length = path.stat().st_size if size is None else min(size, path.stat().st_size)
        if length == 0:  # nothing that could be mapped
            return
        with mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ) as data:
            marker = _read_header(data)
            if marker is not None:
                yield from _read_frames(data, marker)
                return
            # It stands on every frame too, where no sender can write.
            marker = data[HEADER_BYTES : HEADER_BYTES + MARKER_BYTES]
            if _payload_at(data, HEADER_BYTES, marker) is None:
                yield Flaw(0, len(data), is_tail=len(data) < HEADER_BYTES or not any(data))
            else:
                yield Flaw(0, HEADER_BYTES, is_tail=False)
                yield from _read_frames(data, marker)


def _read_header(data: mmap.mmap) -> bytes | None:
    if len(data) < HEADER_BYTES:
        return None
    start = data[: HEADER_BYTES - _LENGTH.size]
    magic, version, marker, checksum = _HEADER.unpack(data[:HEADER_BYTES])
    if magic != MAGIC or checksum != crc32(start):
        return None
    if version != VERSION:
        raise OtherVersion(str(version))
    return bytes(marker)


def _read_frames(data: mmap.mmap, marker: bytes) -> Iterator[bytes | Flaw]:
    offset = HEADER_BYTES
    while offset < len(data):
        payload = _payload_at(data, offset, marker)
        if payload is not None:
            yield payload
            offset += FRAME_BYTES + len(payload)
            continue
        following = _find_frame(data, offset + 1, marker)
        yield Flaw(offset, following or len(data), is_tail=following is None)
        offset = following or len(data)


def _payload_at(data: mmap.mmap, offset: int, marker: bytes) -> bytes | None:
    start = offset + FRAME_BYTES
    if start >= len(data):
        return None
    found, length, checksum = _FRAME.unpack(data[offset:start])
    if found != marker or start + length > len(data):
        return None
    payload = data[start : start + length]
    return payload if payload and _checksum(payload) == checksum else None


def _find_frame(data: mmap.mmap, offset: int, marker: bytes) -> int | None:
    while (offset := data.find(marker, offset)) >= 0:
        if _payload_at(data, offset, marker) is not None:
            return offset
        offset += 1
    return None


def _checksum(payload: bytes) -> int:
    return crc32(payload, crc32(_LENGTH.pack(len(payload))))
