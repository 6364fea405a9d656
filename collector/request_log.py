"""The requests that are acknowledged and not in the store yet, on disk.

A directory of segment files (collector/log_segment.py). Frames are numbered from 1 in
their order, from the first one that was there when the log was opened; a position is the
number of the last frame that belongs to something.

Whoever opens the log holds the store already, whose lock keeps other processes away. One
thread appends; another may release and read meanwhile.
"""

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from collector.block_writing import BlockMemory
from collector.log_segment import Flaw, OtherVersion, read_segment
from collector.segment_writer import SegmentWriter, sync_directory
from storage.contract import StoreError

SEGMENT_BYTES = 64 * 1024 * 1024
_NAME = re.compile(r"requests-(\d{10,})\.(log|damaged)")

_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Segment:
    path: Path
    before: int = 0
    """Position before its first frame."""
    frames: int = 0
    size: int = 0
    writer: SegmentWriter | None = None
    """While it is written."""
    damaged: bool = False

    @property
    def last(self) -> int:
        return self.before + self.frames


class RequestLog:
    durable = True

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Makes the directory when it is not there. Raises StoreError."""
        self.directory, self._segment_bytes = directory, segment_bytes
        self._lock = threading.Lock()
        self._memory = BlockMemory()
        self._position = 0
        try:
            if not directory.is_dir():
                directory.mkdir(parents=True)
                sync_directory(directory.parent)
            found = sorted((p for p in directory.iterdir() if _NAME.fullmatch(p.name)), key=_number)
            sizes = [path.stat().st_size for path in found]
        except OSError as error:
            raise _explain(directory, error) from error
        self._number = max(map(_number, found), default=0)
        self._segments = [
            _Segment(path, size=size)
            for path, size in zip(found, sizes, strict=True)
            if path.suffix == ".log"
        ]

    @property
    def position(self) -> int:
        """Of the last frame."""
        return self._position

    @property
    def nbytes(self) -> int:
        """On disk."""
        return sum(segment.size for segment in tuple(self._segments))

    def replay(self) -> Iterator[bytes]:
        """Every payload that was there when the log was opened, in order; run it to its
        end before the first append. Frames behind damage are found again; a damaged
        segment is kept under another name when it is released. Raises StoreError."""
        for segment in tuple(self._segments):
            segment.before = self._position
            for found in _read(segment.path):
                if isinstance(found, Flaw):
                    self._note(segment, found)
                else:
                    segment.frames += 1
                    self._position = segment.last
                    yield found

    def append(self, payloads: Sequence[bytes]) -> int:
        """Writes the payloads, none of them empty, and returns the position of the last
        one once all are durable. Raises StoreError, and holds none of them then."""
        with self._lock:
            try:
                segment, writer = self._writable()
                try:
                    writer.append(payloads)
                finally:
                    segment.size = writer.size
                    if not writer.usable:
                        self._leave(segment)
            except OSError as error:
                raise _explain(self.directory, error) from error
            segment.frames += len(payloads)
            self._position = segment.last
            return self._position

    def read(self, after: int, last: int) -> Iterator[bytes]:
        """The payloads behind the position `after`, to `last`, that were not released.
        Raises StoreError."""
        with self._lock:
            segments = [s for s in self._segments if s.before < last and s.last > after]
            # Their sizes too: what stands behind them may be taken back meanwhile.
            now = [(segment.path, segment.before, segment.size) for segment in segments]
        for path, position, size in now:
            for found in _read(path, size):
                if isinstance(found, Flaw):
                    continue
                position += 1
                if position > last:
                    return
                if after < position <= last:
                    yield found

    def release(self, position: int) -> None:
        """Everything up to the position is in the store: deletes the segments that hold
        nothing else, keeps damaged ones aside."""
        with self._lock:
            for segment in [s for s in self._segments if s.last <= position]:
                with suppress(OSError):  # one that stays is released the next time
                    self._dispose(segment)

    def close(self) -> None:
        """A log that holds nothing leaves no file."""
        with self._lock:
            for segment in [s for s in self._segments if s.writer is not None]:
                self._leave(segment)
                if not segment.frames:
                    with suppress(OSError):
                        self._dispose(segment)

    # ------------------------------------------------------------------ the parts

    def _writable(self) -> tuple[_Segment, SegmentWriter]:
        """The segment to write to. Raises OSError."""
        if self._segments:
            segment = self._segments[-1]
            if segment.writer is not None and segment.size < self._segment_bytes:
                return segment, segment.writer
            self._leave(segment)
        self._number += 1
        path = self.directory / f"requests-{self._number:010}.log"
        writer = SegmentWriter(path, self._memory)
        segment = _Segment(path, before=self._position, size=writer.size, writer=writer)
        self._segments.append(segment)
        return segment, writer

    def _dispose(self, segment: _Segment) -> None:
        if segment.writer is not None:
            if segment.frames:
                segment.writer.empty()
            segment.before, segment.frames, segment.size = segment.last, 0, segment.writer.size
            return
        if segment.damaged:
            segment.path.rename(segment.path.with_suffix(".damaged"))
        else:
            segment.path.unlink()
        self._segments.remove(segment)

    def _leave(self, segment: _Segment) -> None:
        """Write no more to this segment."""
        if segment.writer is not None:
            segment.writer.close()
            segment.writer = None

    def _note(self, segment: _Segment, flaw: Flaw) -> None:
        if flaw.is_tail and segment is self._segments[-1]:
            return  # the process ended while it wrote this, and acknowledged none of it
        segment.damaged = True
        _logger.error(
            "ATTENTION: the request log %s is damaged from byte %s to %s. Requests that stood there"
            " are lost; all others are stored, and the file is kept as %s.",
            segment.path,
            flaw.start,
            flaw.end,
            segment.path.with_suffix(".damaged").name,
        )


def _read(path: Path, size: int | None = None) -> Iterator[bytes | Flaw]:
    """Raises StoreError."""
    try:
        yield from read_segment(path, size)
    except OtherVersion as error:
        raise StoreError(
            f"The request log {path} is of version {error}; run the tracestitch that wrote it."
        ) from error
    except OSError as error:
        raise _explain(path, error) from error


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("requests-"))


def _explain(path: Path, error: OSError) -> StoreError:
    return StoreError(f"The request log {path} cannot be used ({error.strerror or error}).")
