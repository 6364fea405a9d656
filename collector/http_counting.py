"""Answers over HTTP, counted."""

from collections import Counter
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CountedAnswers:
    """ASGI middleware. `counts` belongs to any thread."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._counts: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def count_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counts[message["status"]] += 1
            await send(message)

        await self._app(scope, receive, count_and_send)

    @property
    def counts(self) -> Mapping[int, int]:
        """Answers since the start, by status code."""
        return dict(self._counts)
