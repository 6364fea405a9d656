"""Bodies of HTTP requests, taken in within limits: size, memory, time."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from collector.admission import PATIENCE_SECONDS, ByteBudget
from collector.compression import TooLarge
from collector.receiving import MAX_REQUEST_BYTES

# As long as the most patient senders (the Collector) wait for the answer to all of it.
BODY_SECONDS = 30.0


class BodyTooSlow(Exception):
    """The message says how long was waited."""


class BodyReader:
    """Belongs to one event loop. The bytes of all bodies that are being received or
    converted are one budget, taken as they come: who declares a length and sends nothing
    takes nothing."""

    def __init__(
        self,
        *,
        max_bytes: int = 2 * MAX_REQUEST_BYTES,
        patience: float = PATIENCE_SECONDS,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._budget, self._seconds = ByteBudget(max_bytes, patience), seconds

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The whole body; its bytes are in the budget until the end of the context.

        Raises TooLarge as soon as the body is known to be, BodyTooSlow, Overloaded,
        ClientDisconnect.
        """
        _check_length(request.headers.get("content-length", ""))
        taken, body = 0, io.BytesIO()
        try:
            async with self._deadline():
                async for chunk in request.stream():
                    if taken + len(chunk) > MAX_REQUEST_BYTES:
                        raise TooLarge(MAX_REQUEST_BYTES)
                    if chunk:
                        # While it waits for room, nothing more is read from the sender.
                        await self._budget.reserve(len(chunk))
                        taken += len(chunk)
                        body.write(chunk)
            yield body.getvalue()
        finally:
            self._budget.release(taken)

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            message = f"The body did not arrive within {self._seconds:g} seconds."
            raise BodyTooSlow(message) from None


def _check_length(declared: str) -> None:
    """Raises TooLarge."""
    if declared.isdecimal() and (len(declared) > 20 or int(declared) > MAX_REQUEST_BYTES):
        raise TooLarge(MAX_REQUEST_BYTES)
