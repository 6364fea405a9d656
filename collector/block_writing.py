"""Writing whole blocks of a file past the page cache, where the file system allows it.

A copy into fresh pages of the cache, and their way out of it again, cost the kernel several
times what a copy into the same memory each time does.
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterable

BLOCK_BYTES = 4096
"""What disks and file systems write at a time, or a multiple of it."""
# A usual group of requests is one write. Memory is taken only as far as it is used.
_MEMORY_BYTES = 4 * 1024 * 1024
_DIRECT = getattr(os, "O_DIRECT", 0)  # Linux only


class BlockMemory:
    """Memory that blocks are written from: at the start of a page, as direct writes ask for."""

    def __init__(self) -> None:
        # Shared, as this is by default: a process that is forked off amid a write copies nothing.
        self._memory = memoryview(mmap.mmap(-1, _MEMORY_BYTES))

    def write(self, descriptor: int, parts: Iterable[bytes]) -> None:
        """The parts, which are whole blocks together, in a few writes. Raises OSError; some
        may be written then."""
        filled = 0
        for part in parts:
            left = memoryview(part)
            while left:
                taken = min(len(left), _MEMORY_BYTES - filled)
                self._memory[filled : filled + taken] = left[:taken]
                left, filled = left[taken:], filled + taken
                if filled == _MEMORY_BYTES:
                    _write_all(descriptor, self._memory)
                    filled = 0
        if filled:
            _write_all(descriptor, self._memory[:filled])


def open_for_blocks(path: str | os.PathLike[str], flags: int, mode: int) -> int:
    """A descriptor to write blocks to, past the page cache if it can be. Raises OSError."""
    try:
        return os.open(path, flags | _DIRECT, mode)
    except OSError as error:
        # Some kernels make the file before they refuse.
        if error.errno != errno.EINVAL or not _DIRECT:
            raise
        return os.open(path, flags & ~os.O_EXCL, mode)


def _write_all(descriptor: int, memory: memoryview) -> None:
    while memory:
        try:
            memory = memory[os.write(descriptor, memory) :]
        except OSError as error:
            # This device has larger blocks, or room was left for a part of one alone.
            if error.errno != errno.EINVAL or not _take_cache(descriptor):
                raise


def _take_cache(descriptor: int) -> bool:
    """Whether writes went past the page cache; they do no longer."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    if not flags & _DIRECT:
        return False
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~_DIRECT)
    return True
