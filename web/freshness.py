"""Readers see what was acknowledged before they asked."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

# A store that is slow or cannot be written must not keep people from what it holds.
PATIENCE_SECONDS = 2.0
# These read no spans, or are asked while something is wrong.
_AS_IT_IS = ("/api/v1/status", "/healthz", "/readyz", "/metrics", "/login", "/logout", "/static/")

Flush = Callable[[], Awaitable[None]]


class FreshReads:
    """ASGI middleware: before a page or an answer, `flush` brings what is acknowledged
    into the store."""

    def __init__(self, app: ASGIApp, flush: Flush, patience: float = PATIENCE_SECONDS) -> None:
        self._app, self._flush, self._patience = app, flush, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_AS_IT_IS):
            flushing = asyncio.ensure_future(self._flush())
            await asyncio.wait([flushing], timeout=self._patience)
            flushing.cancel()
        await self._app(scope, receive, send)
