"""Memory that one batch after the other stands in.

A copy into fresh memory costs several times as much: the kernel has to find and clear each
page, and allocators give memory of this size back as soon as it is free.
"""

import weakref

import pyarrow as pa

_ALIGNMENT = 64  # as Arrow has it
_SLACK = 8  # an eighth more: batches are not quite of one size


class Slabs:
    """`take` belongs to one thread; what was taken may end on any."""

    def __init__(self) -> None:
        # One: a batch is made when the one before it is stored.
        self._free: pa.Buffer | None = None

    def take(self, nbytes: int) -> "Lease":
        """Room for about so many bytes: of a batch that is gone, or fresh."""
        slab, self._free = self._free, None
        # Beside small batches memory of large ones is not kept.
        if slab is None or not nbytes <= slab.size <= 4 * nbytes:
            slab = pa.allocate_buffer(nbytes + nbytes // _SLACK)
        lease = Lease(slab)
        weakref.finalize(lease, self._give_back, slab).atexit = False
        return lease

    def _give_back(self, slab: pa.Buffer) -> None:
        self._free = slab


class Lease:
    """Memory for one batch: as long as it or a buffer of it is there."""

    def __init__(self, slab: pa.Buffer) -> None:
        self._memory = memoryview(slab).cast("B")
        self._used = 0

    def allocate(self, size: int) -> memoryview:
        """Writable; memory of its own where no room is left."""
        start, end = self._used, self._used + size
        if end > len(self._memory):
            return memoryview(pa.allocate_buffer(size)).cast("B")
        self._used = -(-end // _ALIGNMENT) * _ALIGNMENT
        return self._memory[start:end]

    def hold(self, memory: bytes | memoryview) -> pa.Buffer:
        """What stands in the memory, not copied."""
        there = pa.py_buffer(memory)
        return pa.foreign_buffer(there.address, there.size, base=(self, memory))
