"""Which pages in browsers may send: cross-origin requests (WHATWG Fetch, "CORS protocol").

Off unless origins are given: without its headers a browser sends nothing.
"""

from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

ANY = "*"
_PREFLIGHT_SECONDS = b"7200"  # the longest that Chromium keeps an answer
_METHODS = b"POST"


class CrossOrigin:
    """ASGI middleware for pages of these origins; the outermost one, so that they can read
    refusals too.

    Named origins may send with credentials, as navigator.sendBeacon does; of the origin
    "*" browsers get no leave to.
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app, self._origins = app, frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        leave = self._leave(given.get(b"origin"))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in given:
            await _answer_preflight(send, given, leave)
            return

        async def send_with_leave(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = [(b"access-control-expose-headers", b"Retry-After")] if leave else []
                message["headers"] = [*message.get("headers", []), *_VARY, *leave, *exposed]
            await send(message)

        await self._app(scope, receive, send_with_leave)

    def _leave(self, origin: bytes | None) -> Headers:
        """The headers that let a page of the origin through; none when it may not."""
        if origin is None:
            return []
        if origin in self._origins:
            return [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
            ]
        if ANY.encode() in self._origins:
            return [(b"access-control-allow-origin", b"*")]
        return []


_VARY: Headers = [(b"vary", b"Origin")]


async def _answer_preflight(send: Send, given: Mapping[bytes, bytes], leave: Headers) -> None:
    """204 either way: a browser looks for the headers only."""
    headers = [*_VARY, *leave]
    if leave:
        headers.append((b"access-control-allow-methods", _METHODS))
        headers.append((b"access-control-max-age", _PREFLIGHT_SECONDS))
        asked = given.get(b"access-control-request-headers")
        if asked:  # exporters send what they are configured to
            headers.append((b"access-control-allow-headers", asked))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
