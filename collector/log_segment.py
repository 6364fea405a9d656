"""One file of the request log: a header and frames.

    header   magic, version (u32), marker (u32), CRC-32 of what is before it (u32)
    frame    marker (u32), length (u32), checksum of length and payload (u32), payload
    filling  marker (u32), length with its highest bit set (u32), checksum of it (u32), zeros

Little-endian. The checksum is the low half of XXH3-64 with the length for a seed, a third of
the work of CRC-32, which it is in version 1. The marker is random in each segment: after
damage the next frame is found by it, and nobody who sends requests can make a frame inside
a payload. From version 3 on the header, and the frames that are written at once, are filled
up to whole blocks: what is durable is never written to again.
"""

import mmap
import secrets
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from xxhash import xxh3_64_intdigest

MAGIC = b"TSREQLOG"
VERSION = 3
_HEADER = struct.Struct("<8sI4sI")
_FRAME = struct.Struct("<4sII")
_LENGTH = struct.Struct("<I")
HEADER_BYTES = _HEADER.size
FRAME_BYTES = _FRAME.size
MARKER_BYTES = 4
_FILLING = 1 << 31  # requests are shorter


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


def _xxh3(length: int, payload: bytes) -> int:
    return xxh3_64_intdigest(payload, length) & 0xFFFFFFFF


def _crc32(length: int, payload: bytes) -> int:
    return crc32(payload, crc32(_LENGTH.pack(length)))


# By version.
_CHECKSUMS: dict[int, Callable[[int, bytes], int]] = {1: _crc32, 2: _xxh3, VERSION: _xxh3}


class _Form(NamedTuple):
    """What is the same in all frames of a segment."""

    marker: bytes
    checksum: Callable[[int, bytes], int]


class _Frame(NamedTuple):
    payload: bytes
    """Empty of a filling."""
    end: int


def make_header() -> tuple[bytes, bytes]:
    """The header of a new segment, and its marker."""
    marker = secrets.token_bytes(MARKER_BYTES)
    start = _HEADER.pack(MAGIC, VERSION, marker, 0)[: -_LENGTH.size]
    return start + _LENGTH.pack(crc32(start)), marker


def frame_header(marker: bytes, payload: bytes) -> bytes:
    """What stands before a payload of at least one byte."""
    length = len(payload)
    return _FRAME.pack(marker, length, _xxh3(length, payload))


def make_filling(marker: bytes, nbytes: int, block: int) -> bytes:
    """What stands behind so many bytes, so that all are whole blocks together."""
    room = -nbytes % block
    if not room:
        return b""
    if room < FRAME_BYTES:
        room += block
    length = _FILLING | room - FRAME_BYTES
    return _FRAME.pack(marker, length, _xxh3(length, b"")) + bytes(room - FRAME_BYTES)


def read_segment(path: Path, size: int | None = None) -> Iterator[bytes | Flaw]:
    """Payloads in their order, and what is damaged between them; of the first `size` bytes
    alone where more may be on its way, or be taken back. Raises OSError, OtherVersion."""
    with path.open("rb") as file:
        length = path.stat().st_size if size is None else min(size, path.stat().st_size)
        if length == 0:  # nothing that could be mapped
            return
        with mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ) as data:
            form = _read_header(data)
            if form is None:
                form = _guess_form(data)
                if form is None:
                    yield Flaw(0, len(data), is_tail=len(data) < HEADER_BYTES or not any(data))
                    return
                yield Flaw(0, HEADER_BYTES, is_tail=False)
            yield from _read_frames(data, form)


def _guess_form(data: mmap.mmap) -> _Form | None:
    """From the first frame: the marker stands on it too, where no sender can write."""
    marker = data[HEADER_BYTES : HEADER_BYTES + MARKER_BYTES]
    forms = (_Form(marker, checksum) for checksum in _CHECKSUMS.values())
    return next((form for form in forms if _frame_at(data, HEADER_BYTES, form)), None)


def _read_header(data: mmap.mmap) -> _Form | None:
    if len(data) < HEADER_BYTES:
        return None
    start = data[: HEADER_BYTES - _LENGTH.size]
    magic, version, marker, checksum = _HEADER.unpack(data[:HEADER_BYTES])
    if magic != MAGIC or checksum != crc32(start):
        return None
    if version not in _CHECKSUMS:
        raise OtherVersion(str(version))
    return _Form(marker, _CHECKSUMS[version])


def _read_frames(data: mmap.mmap, form: _Form) -> Iterator[bytes | Flaw]:
    offset = HEADER_BYTES
    while offset < len(data):
        frame = _frame_at(data, offset, form)
        if frame is not None:
            if frame.payload:
                yield frame.payload
            offset = frame.end
            continue
        following = _find_frame(data, offset + 1, form)
        yield Flaw(offset, following or len(data), is_tail=following is None)
        offset = following or len(data)


def _frame_at(data: mmap.mmap, offset: int, form: _Form) -> _Frame | None:
    start = offset + FRAME_BYTES
    if start > len(data):
        return None
    marker, length, checksum = _FRAME.unpack(data[offset:start])
    if marker != form.marker:
        return None
    is_filling = bool(length & _FILLING)
    end = start + (length & ~_FILLING)
    if end > len(data):
        return None
    payload = b"" if is_filling else data[start:end]
    if not payload and not is_filling:
        return None
    return _Frame(payload, end) if form.checksum(length, payload) == checksum else None


def _find_frame(data: mmap.mmap, offset: int, form: _Form) -> int | None:
    """Where the next frame is that holds a payload."""
    while (offset := data.find(form.marker, offset)) >= 0:
        frame = _frame_at(data, offset, form)
        if frame is not None and frame.payload:
            return offset
        offset += 1
    return None
