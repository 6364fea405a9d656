"""Answers of OTLP/HTTP in the encoding of the request (OTLP specification, "OTLP/HTTP
Response")."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.rpc.status_pb2 import Status
from starlette.requests import Request
from starlette.responses import Response

from collector.responses import RETRY_SECONDS, Refusal

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def media_type_of(request: Request) -> str:
    """The type that the request gives, in lower case and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def answer_success(encoded: bytes, response: type[Any], media_type: str) -> Response:
    """`encoded` is a `response`."""
    return _answer(200, encoded, response, media_type, {})


def answer_refusal(
    refusal: Refusal, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """google.rpc.Status, in JSON for a JSON request and in protobuf for any other."""
    retry = {"Retry-After": str(RETRY_SECONDS)} if refusal.retry else {}
    headers = {**(headers or {}), **retry}
    return _answer(refusal.http_status, refusal.status(), Status, media_type, headers)


def _answer(
    status: int, encoded: bytes, message: type[Any], media_type: str, headers: Mapping[str, str]
) -> Response:
    if media_type != JSON:
        return Response(encoded, status, headers, media_type=PROTOBUF)
    body = MessageToJson(message.FromString(encoded), indent=None) if encoded else "{}"
    return Response(body, status, headers, media_type=JSON)
