"""The token and the name of the server before OTLP over HTTP."""

import grpc
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.access import CHALLENGE, Gate
from collector.hosts import AllowedHosts, explain_host
from collector.http_answers import answer_refusal, media_type_of
from collector.responses import refuse


class HttpGuard:
    """ASGI middleware. It answers what may not pass before a byte of the body is read,
    with google.rpc.Status in the encoding of the request."""

    def __init__(self, app: ASGIApp, gate: Gate | None, hosts: AllowedHosts) -> None:
        self._app, self._gate, self._hosts = app, gate, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http":
            request = Request(scope)
            answer = self._check_host(request) or await self._check_token(request)
        await (answer or self._app)(scope, receive, send)

    def _check_host(self, request: Request) -> Response | None:
        """Exporters reach a loopback address by many names; pages in browsers, which name
        themselves in Origin, only by one of ours."""
        host = request.headers.get("host", "").encode("latin-1")
        if "origin" not in request.headers or self._hosts.admit(host):
            return None
        refusal = refuse(grpc.StatusCode.PERMISSION_DENIED, 421, explain_host(host))
        return answer_refusal(refusal, media_type_of(request))

    async def _check_token(self, request: Request) -> Response | None:
        # A browser asks by OPTIONS, without a token, whether it may send one.
        if self._gate is None or request.method == "OPTIONS":
            return None
        shown = request.headers.get("authorization")
        reason = self._gate.refuse(None if shown is None else shown.encode("latin-1"))
        if reason is None:
            return None
        await self._gate.hold_back(reason)
        refusal = refuse(grpc.StatusCode.UNAUTHENTICATED, 401, reason)
        return answer_refusal(refusal, media_type_of(request), {"WWW-Authenticate": CHALLENGE})
