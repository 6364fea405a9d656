"""The token and the name of the server before OTLP over HTTP."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import grpc

from collector.access import CHALLENGE, Gate
from collector.hosts import AllowedHosts, explain_host
from collector.responses import Refusal, refuse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = b"application/json"


class HttpGuard:
    """ASGI middleware. It answers what may not pass before a byte of the body is read,
    with google.rpc.Status in the encoding of the request."""

    def __init__(self, app: App, gate: Gate | None, hosts: AllowedHosts) -> None:
        self._app, self._gate, self._hosts = app, gate, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            # Exporters reach a loopback address by many names; pages in browsers, which
            # name themselves in Origin, only by one of ours.
            if b"origin" in headers and not self._hosts.admit(headers.get(b"host", b"")):
                message = explain_host(headers.get(b"host", b""))
                await _answer(
                    send, headers, refuse(grpc.StatusCode.PERMISSION_DENIED, 421, message)
                )
                return
            # A browser asks by OPTIONS, without a token, whether it may send one.
            if self._gate is not None and scope["method"] != "OPTIONS":
                reason = self._gate.refuse(headers.get(b"authorization"))
                if reason is not None:
                    await self._gate.hold_back(reason)
                    refusal = refuse(grpc.StatusCode.UNAUTHENTICATED, 401, reason)
                    await _answer(send, headers, refusal)
                    return
        await self._app(scope, receive, send)


async def _answer(send: Send, headers: MutableMapping[bytes, bytes], refusal: Refusal) -> None:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == _JSON:
        told = {"code": refusal.code.value[0], "message": refusal.message}
        body = json.dumps(told, ensure_ascii=False).encode()
    else:
        kind, body = b"application/x-protobuf", refusal.status()
    fields = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if refusal.http_status == 401:
        fields.append((b"www-authenticate", CHALLENGE.encode()))
    await send({"type": "http.response.start", "status": refusal.http_status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
