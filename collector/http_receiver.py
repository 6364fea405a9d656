"""OTLP over HTTP: POST /v1/traces with protobuf."""

from typing import NoReturn

import grpc
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from collector.compression import TooLarge
from collector.receiving import MAX_REQUEST_BYTES, Receive
from collector.responses import RETRY_SECONDS, Refusal, explain, refuse

PATH = "/v1/traces"
PROTOBUF = "application/x-protobuf"


class _Refused(Exception):
    def __init__(self, refusal: Refusal, headers: dict[str, str] | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal, self.headers = refusal, headers


def http_app(receive: Receive) -> Starlette:
    """An ASGI application. Every refusal has a google.rpc.Status as its body."""

    async def export(request: Request) -> Response:
        try:
            _check_type(request)
            gzipped = _is_gzipped(request)
            return _protobuf(200, await receive(await _read_body(request), gzipped=gzipped))
        except _Refused as refused:
            return _answer(refused.refusal, refused.headers)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it; nothing was taken in
        except Exception as error:  # noqa: BLE001 - explain logs what it does not know
            return _answer(explain(error))

    app = Starlette(
        routes=[Route(PATH, export, methods=["POST"])],
        exception_handlers={404: _refuse_path, 405: _refuse_method},
    )
    app.router.redirect_slashes = False  # exporters do not follow redirects
    return app


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    media_type = given.partition(";")[0].strip().lower()
    if media_type == "application/json":
        _refuse_type("OTLP/JSON is not taken yet: only protobuf is for now", {})
    if media_type != PROTOBUF:
        _refuse_type(f"Content-Type {given!r} is not taken" if given else "No Content-Type", {})


def _is_gzipped(request: Request) -> bool:
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        # RFC 9110, 15.5.16: 415 tells what would be taken.
        _refuse_type(f"Content-Encoding {encoding!r} is not taken", {"Accept-Encoding": "gzip"})
    return encoding == "gzip"


def _refuse_type(what: str, headers: dict[str, str]) -> NoReturn:
    message = f"{what}; send Content-Type {PROTOBUF}, plain or with Content-Encoding gzip."
    raise _Refused(refuse(grpc.StatusCode.INVALID_ARGUMENT, 415, message), headers)


async def _read_body(request: Request) -> bytes:
    """Raises TooLarge as soon as the body is known to be."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_REQUEST_BYTES:
        raise TooLarge(MAX_REQUEST_BYTES)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise TooLarge(MAX_REQUEST_BYTES)
    return bytes(body)


async def _refuse_path(request: Request, _: Exception) -> Response:
    message = f"Nothing is at {request.url.path}; traces are taken at {PATH}."
    return _answer(refuse(grpc.StatusCode.NOT_FOUND, 404, message))


async def _refuse_method(request: Request, error: Exception) -> Response:
    message = f"{request.method} is not possible at {PATH}; send traces with POST."
    refusal = refuse(grpc.StatusCode.UNIMPLEMENTED, 405, message)
    headers = error.headers if isinstance(error, HTTPException) else None
    return _answer(refusal, dict(headers or {}))


def _answer(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    retry = {"Retry-After": str(RETRY_SECONDS)} if refusal.retry else {}
    return _protobuf(refusal.http_status, refusal.status(), {**(headers or {}), **retry})


def _protobuf(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type=PROTOBUF)
