"""Writing one segment of the request log, durably."""

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from collector.block_writing import BLOCK_BYTES, BlockMemory, open_for_blocks
from collector.log_segment import frame_header, make_filling, make_header


class SegmentWriter:
    """A new segment, open for appending. All methods but `close` raise OSError."""

    def __init__(self, path: Path, memory: BlockMemory) -> None:
        """Makes the file, and leaves none when it raises. Writes from the memory."""
        self._memory = memory
        header, self._marker = make_header()
        self.size = BLOCK_BYTES
        """Bytes of the header and the frames that are durable, or were until one failed."""
        self.usable = True
        """False when what the disk holds is unknown: write to another segment then."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = open_for_blocks(path, flags, 0o600)
        try:
            self._write([header])
            sync_directory(path.parent)
        except BaseException:
            self.close()
            path.unlink()
            raise

    def append(self, payloads: Sequence[bytes]) -> None:
        """Returns when a frame for each payload is durable; none is there when it raises."""
        buffers = [
            part for payload in payloads for part in (frame_header(self._marker, payload), payload)
        ]
        try:
            size = self.size + self._write(buffers)
        except OSError:
            self._undo()
            raise
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            # The kernel may have dropped what it could not write: a second sync would
            # succeed and say nothing of it.
            self.usable = False
            self._undo()
            raise
        told = os.fstat(self._descriptor)
        if told.st_nlink == 0 or told.st_size != size:
            self.usable = False
            raise OSError(errno.EIO, "somebody has removed or cut its file")
        self.size = size

    def empty(self) -> None:
        """Removes all frames."""
        os.ftruncate(self._descriptor, BLOCK_BYTES)
        self.size = BLOCK_BYTES

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)

    def _write(self, buffers: list[bytes]) -> int:
        """How many bytes they are, filled up to whole blocks."""
        nbytes = sum(map(len, buffers))
        filling = make_filling(self._marker, nbytes, BLOCK_BYTES)
        self._memory.write(self._descriptor, [*buffers, filling])
        return nbytes + len(filling)

    def _undo(self) -> None:
        """Back to the last whole frame."""
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            self.usable = False


def sync_directory(directory: Path) -> None:
    """A new name in it is durable only then. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
