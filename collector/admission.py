"""How much may be in flight: a budget of bytes, first come, first served."""

import asyncio
from collections import deque

MIB = 1024 * 1024
PATIENCE_SECONDS = 2.0
# Of one listener, each with a file descriptor: half of those that a process has where
# nobody gave it more.
MOST_CONNECTIONS = 512


class Overloaded(Exception):
    """More has arrived than can be taken in for now; the sender should try again."""


class ByteBudget:
    """Hands out `limit` bytes; who does not fit waits up to `patience` seconds.

    Whatever is larger than the whole budget is let in alone. Waiting counts too: when
    another `limit` bytes wait already, the answer is no at once, so that twice the limit
    bounds what is held in memory. Belongs to one event loop.
    """

    def __init__(self, limit: int, patience: float = PATIENCE_SECONDS) -> None:
        self._limit, self._patience = limit, patience
        self._taken = self._wanted = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int) -> None:
        """Returns when `size` bytes are reserved. Raises Overloaded."""
        if not self._line and self._fits(size):
            self._taken += size
            return
        if self._line and self._wanted + size > self._limit:
            raise Overloaded(f"{self._limit:,} bytes are being stored and as much is waiting.")
        turn = asyncio.get_running_loop().create_future()
        self._line.append((size, turn))
        self._wanted += size
        try:
            await asyncio.wait([turn], timeout=self._patience)
        except asyncio.CancelledError:
            if turn.done():
                self.release(size)
            raise
        finally:
            self._wanted -= size
            if not turn.done():
                self._line.remove((size, turn))
                self._admit()  # the next may be smaller
        if not turn.done():
            raise Overloaded(
                f"{self._limit:,} bytes are being stored and nothing was done with them"
                f" for {self._patience:g} seconds."
            )

    def release(self, size: int) -> None:
        self._taken -= size
        self._admit()

    def _admit(self) -> None:
        while self._line and self._fits(self._line[0][0]):
            size, turn = self._line.popleft()
            self._taken += size
            turn.set_result(None)

    def _fits(self, size: int) -> bool:
        return self._taken == 0 or self._taken + size <= self._limit
