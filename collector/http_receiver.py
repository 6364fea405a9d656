"""OTLP over HTTP: POST /v1/traces, and what is told to other signals.

headers → body within limits → protobuf → receiver → answer in the request's encoding
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from collector.compression import ENCODINGS
from collector.http_answers import JSON, PROTOBUF, answer_refusal, answer_success, media_type_of
from collector.http_bodies import BodyReader, BodyTooSlow
from collector.http_conversion import Converter
from collector.other_signals import OTHER_SIGNALS, DroppedSignals
from collector.receiving import Receive, Stopping
from collector.responses import Refusal, explain, refuse

PATH = "/v1/traces"

_GONE = 499  # counted only; the code that proxies log when a client has closed the request
_HOW = f"send Content-Type {PROTOBUF} or {JSON}, plain or with Content-Encoding "
_HOW += f"{', '.join(ENCODINGS[:-1])} or {ENCODINGS[-1]}."


class _Refused(Exception):
    def __init__(self, refusal: Refusal, headers: dict[str, str] | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal, self.headers = refusal, headers


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """What is done with the requests of one signal."""

    request: Descriptor
    response: type[Any]
    take: Callable[[bytes], Awaitable[bytes]]


def http_app(
    receive: Receive,
    *,
    dropped: DroppedSignals | None = None,
    bodies: BodyReader | None = None,
) -> Starlette:
    """An ASGI application. Every refusal has a google.rpc.Status as its body."""
    bodies = bodies or BodyReader()
    dropped = dropped or DroppedSignals()
    converter = Converter()

    async def export(request: Request, endpoint: _Endpoint) -> Response:
        media_type = media_type_of(request)
        try:
            _check_type(request, media_type)
            encoding = _read_encoding(request)
            async with bodies.read(request) as body:
                payload = await converter.convert(body, media_type, encoding, endpoint.request)
            answer = await endpoint.take(payload)
            return answer_success(answer, endpoint.response, media_type)
        except _Refused as refused:
            return answer_refusal(refused.refusal, media_type, refused.headers)
        except ClientDisconnect:
            return Response(status_code=_GONE)  # nobody reads it; nothing was taken in
        except BodyTooSlow as error:
            refusal = refuse(grpc.StatusCode.DEADLINE_EXCEEDED, 408, str(error))
            return answer_refusal(refusal, media_type, {"Connection": "close"})
        except asyncio.CancelledError:  # the listener ends; it would answer 500: not to send again
            return answer_refusal(explain(Stopping()), media_type)
        except Exception as error:  # noqa: BLE001 - explain logs what it does not know
            return answer_refusal(explain(error), media_type)

    traces = _Endpoint(ExportTraceServiceRequest.DESCRIPTOR, ExportTraceServiceResponse, receive)
    endpoints = {PATH: traces} | {
        signal.path: _Endpoint(signal.request, signal.response, partial(dropped.answer, signal))
        for signal in OTHER_SIGNALS
    }
    app = Starlette(
        routes=[
            Route(path, partial(export, endpoint=endpoint), methods=["POST"])
            for path, endpoint in endpoints.items()
        ],
        exception_handlers={404: _refuse_path, 405: _refuse_method},
    )
    app.router.redirect_slashes = False  # exporters do not follow redirects
    return app


def _check_type(request: Request, media_type: str) -> None:
    if media_type not in (PROTOBUF, JSON):
        given = request.headers.get("content-type", "")
        what = f"Content-Type {given!r} is not taken" if given else "No Content-Type"
        raise _Refused(refuse(grpc.StatusCode.INVALID_ARGUMENT, 415, f"{what}; {_HOW}"))


def _read_encoding(request: Request) -> str | None:
    """One of ENCODINGS, or None for a plain body."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding not in ENCODINGS:
        message = f"Content-Encoding {encoding!r} is not taken; {_HOW}"
        refusal = refuse(grpc.StatusCode.INVALID_ARGUMENT, 415, message)
        # RFC 9110, 15.5.16: 415 tells what would be taken.
        raise _Refused(refusal, {"Accept-Encoding": ", ".join(ENCODINGS)})
    return encoding


async def _refuse_path(request: Request, _: Exception) -> Response:
    message = f"Nothing is at {request.url.path}; traces are taken at {PATH}."
    refusal = refuse(grpc.StatusCode.NOT_FOUND, 404, message)
    return answer_refusal(refusal, media_type_of(request))


async def _refuse_method(request: Request, error: Exception) -> Response:
    message = f"{request.method} is not possible at {request.url.path}; send with POST."
    refusal = refuse(grpc.StatusCode.UNIMPLEMENTED, 405, message)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return answer_refusal(refusal, media_type_of(request), headers)
