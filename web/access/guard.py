"""Who gets an answer: by the name the server was called, the token, or a session."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.access import CHALLENGE, MISSING, Gate
from collector.hosts import AllowedHosts, explain_host
from web.access.cookies import read_cookie
from web.access.sessions import Sessions
from web.frame import wants_page

# Answered to everybody: whether the process lives, and what the form needs.
_OPEN = ("/healthz", "/readyz", "/login", "/logout")

Refuse = Callable[[Request, int, str], Response]


class Guard:
    """ASGI middleware. The application finds `scope["known"]`: whether the client has
    shown that it may read, which on the open addresses it need not have."""

    def __init__(
        self,
        app: ASGIApp,
        gate: Gate | None,
        sessions: Sessions | None,
        hosts: AllowedHosts | None,
        refuse: Refuse,
    ) -> None:
        """`refuse` makes the answer of the API."""
        self._app, self._refuse = app, refuse
        self._gate, self._sessions, self._hosts = gate, sessions, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._check_host(request) or await self._check_client(request)
        await (answer or self._app)(scope, receive, send)

    def _check_host(self, request: Request) -> Response | None:
        host = request.headers.get("host")
        if self._hosts is None or host is None or self._hosts.admit(host.encode("latin-1")):
            return None  # without Host it is HTTP/1.0 and no browser
        return self._tell(request, 421, explain_host(host.encode("latin-1")))

    async def _check_client(self, request: Request) -> Response | None:
        scope = request.scope
        if self._gate is None or self._sessions is None:
            scope["known"] = True
            return None
        shown = request.headers.get("authorization")
        reason = self._gate.refuse(None if shown is None else shown.encode("latin-1"))
        scope["session"] = reason is not None and self._sessions.holds(read_cookie(request))
        scope["known"] = reason is None or scope["session"]
        if reason is None or scope["known"] or _is_open(scope["path"]):
            return None
        await self._gate.hold_back(reason)
        if reason == MISSING and request.method == "GET" and wants_page(request):
            return RedirectResponse(f"/login?next={quote(_address(scope), safe='')}", 303)
        answer = self._tell(request, 401, reason)
        answer.headers["www-authenticate"] = CHALLENGE
        return answer

    def _tell(self, request: Request, status: int, message: str) -> Response:
        """Never a page in the frame, which says how many spans there are."""
        if wants_page(request):
            return PlainTextResponse(message + "\n", status)
        return self._refuse(request, status, message)


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith("/static/")


def _address(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])
