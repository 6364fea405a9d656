"""Bodies of HTTP requests, taken in within limits: size, memory, time."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from collector.admission import MIB, PATIENCE_SECONDS, ByteBudget
from collector.compression import TooLarge
from collector.receiving import MAX_REQUEST_BYTES

# As long as the most patient senders (the Collector) wait for the answer to all of it.
BODY_SECONDS = 30.0
SMALL_BYTES = MIB


class BodyTooSlow(Exception):
    """The message says how long was waited."""


class BodyReader:
    """Belongs to one event loop. Bodies that are being received or converted share two
    budgets.

    Small ones take what has arrived: who declares a length and sends nothing takes
    nothing. A body that has grown large takes all that it may become at once, since
    several that wait for each other's room would never end.
    """

    def __init__(
        self,
        *,
        small_bytes: int = SMALL_BYTES,
        max_small_bytes: int = MAX_REQUEST_BYTES,
        max_large_bytes: int = 2 * MAX_REQUEST_BYTES,
        patience: float = PATIENCE_SECONDS,
        seconds: float = BODY_SECONDS,
    ) -> None:
        """A body is small up to `small_bytes`; `max_…` bytes of either kind are taken at a
        time, and more waits up to `patience` seconds."""
        self._small_bytes, self._seconds = small_bytes, seconds
        self._small = ByteBudget(max_small_bytes, patience)
        self._large = ByteBudget(max_large_bytes, patience)

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The whole body; its bytes are in the budget until the end of the context.

        Raises TooLarge as soon as the body is known to be, BodyTooSlow, Overloaded,
        ClientDisconnect.
        """
        room = _Room(self._small, self._large, _expect(request))
        body = io.BytesIO()
        try:
            async with self._deadline():
                async for chunk in request.stream():
                    size = body.tell() + len(chunk)
                    if size > MAX_REQUEST_BYTES:
                        raise TooLarge(MAX_REQUEST_BYTES)
                    # While it waits for room, nothing more is read from the sender.
                    await room.make(size, large=size > self._small_bytes)
                    body.write(chunk)
            yield body.getvalue()
        finally:
            room.leave()

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            message = f"The body did not arrive within {self._seconds:g} seconds."
            raise BodyTooSlow(message) from None


class _Room:
    """What one body has of the budgets."""

    def __init__(self, small: ByteBudget, large: ByteBudget, expected: int) -> None:
        """`expected` bytes at most are to come."""
        self._small, self._large, self._expected = small, large, expected
        self._of_small = self._of_large = 0

    async def make(self, size: int, *, large: bool) -> None:
        """Returns when there is room for a body of this size. Raises Overloaded."""
        if size <= self._of_small or size <= self._of_large:
            return
        if large:
            needed = max(size, self._expected)
            await self._large.reserve(needed - self._of_large)
            self._of_large = needed
            self._small.release(self._of_small)
            self._of_small = 0
        else:
            await self._small.reserve(size - self._of_small)
            self._of_small = size

    def leave(self) -> None:
        self._small.release(self._of_small)
        self._large.release(self._of_large)


def _expect(request: Request) -> int:
    """The declared length, or the limit where none is. Raises TooLarge."""
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal():
        return MAX_REQUEST_BYTES
    if len(declared) > 20 or int(declared) > MAX_REQUEST_BYTES:
        raise TooLarge(MAX_REQUEST_BYTES)
    return int(declared)
