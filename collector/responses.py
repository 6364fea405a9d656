"""What senders are told: the answers of OTLP, encoded.

OTLP specification 1.11.0, "OTLP/gRPC Response" and "OTLP/HTTP Response".
"""

import logging
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.admission import Overloaded
from collector.compression import CorruptBody, TooLarge
from collector.decoded import UndecodableRequest
from collector.formats.otlp_json import MalformedJson
from collector.keeping import UnstorableBatch
from storage.contract import StoreError

# Long enough to recover, short enough for senders that give up after ten seconds.
RETRY_SECONDS = 1

# gRPC sends the message twice in its trailers, escaped; clients take 8 KiB of them.
_MESSAGE_CHARACTERS = 300
_REASONS_CHARACTERS = 4_000

_logger = logging.getLogger(__name__)


def success(rejected: int, reasons: str) -> bytes:
    """ExportTraceServiceResponse; partial_success only when a span was left out."""
    response = ExportTraceServiceResponse()
    if rejected:
        response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = _shorten(reasons, _REASONS_CHARACTERS)
    return response.SerializeToString()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was not taken in."""

    code: grpc.StatusCode
    http_status: int
    message: str
    retry: bool = False
    """Whether to send it again after RETRY_SECONDS."""
    field: str | None = None
    """Which field of the data is bad, when the data is; empty when that is not known."""

    def status(self) -> bytes:
        """google.rpc.Status, with RetryInfo when sending again is worth it and BadRequest
        when the data is bad."""
        status = Status(code=self.code.value[0], message=self.message)
        if self.retry:
            _add_detail(status, _retry_info())
        if self.field is not None:
            violation = BadRequest.FieldViolation(field=self.field, description=self.message)
            _add_detail(status, BadRequest(field_violations=[violation]))
        return status.SerializeToString()

    def trailers(self) -> tuple[tuple[str, bytes], ...]:
        """gRPC trailers. The second is what the Python exporter reads."""
        standard = ("grpc-status-details-bin", self.status())
        if not self.retry:
            return (standard,)
        return standard, ("google.rpc.retryinfo-bin", _retry_info().SerializeToString())


def refuse(
    code: grpc.StatusCode,
    http_status: int,
    message: str,
    *,
    retry: bool = False,
    field: str | None = None,
) -> Refusal:
    return Refusal(code, http_status, _shorten(message, _MESSAGE_CHARACTERS), retry, field)


def explain(error: Exception) -> Refusal:
    """How the failure of an export is told. Overload is never RESOURCE_EXHAUSTED: the
    Collector drops the data then."""
    match error:
        case UndecodableRequest() | CorruptBody():
            return refuse(grpc.StatusCode.INVALID_ARGUMENT, 400, str(error), field="")
        case MalformedJson():
            message = f"{error}."
            return refuse(grpc.StatusCode.INVALID_ARGUMENT, 400, message, field=error.path)
        case TooLarge():
            return refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, 413, str(error))
        case Overloaded() | StoreError():
            return refuse(grpc.StatusCode.UNAVAILABLE, 503, str(error), retry=True)
        case UnstorableBatch():
            return refuse(grpc.StatusCode.INTERNAL, 500, str(error))
    _logger.error("A request failed", exc_info=error)
    return refuse(grpc.StatusCode.INTERNAL, 500, "The server failed on this request.")


def _add_detail(status: Status, message: Message) -> None:
    detail = Any()
    detail.Pack(message)
    status.details.append(detail)


def _retry_info() -> RetryInfo:
    info = RetryInfo()
    info.retry_delay.FromSeconds(RETRY_SECONDS)
    return info


def _shorten(text: str, characters: int) -> str:
    """At most so many characters, and encodable."""
    short = text if len(text) <= characters else text[: characters - 1] + "…"
    return short.encode("utf-8", "replace").decode("utf-8")
