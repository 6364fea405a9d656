"""What senders are told."""

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.admission import Overloaded
from collector.compression import CorruptBody, TooLarge
from collector.decoded import UndecodableRequest
from collector.formats.otlp_json import MalformedJson
from collector.keeping import UnstorableBatch
from collector.responses import explain, success
from storage.contract import StoreError


def test_full_success_leaves_partial_success_unset() -> None:
    assert success(0, "") == b""


def test_a_long_list_of_reasons_is_shortened() -> None:
    response = ExportTraceServiceResponse.FromString(success(3, "é" * 100_000))
    assert response.partial_success.rejected_spans == 3
    assert len(response.partial_success.error_message) == 4_000
    assert response.partial_success.error_message.endswith("é…")


@pytest.mark.parametrize(
    ("error", "code", "http_status", "retry"),
    [
        (UndecodableRequest("cut"), grpc.StatusCode.INVALID_ARGUMENT, 400, False),
        (MalformedJson("is no list", "links"), grpc.StatusCode.INVALID_ARGUMENT, 400, False),
        (CorruptBody("no gzip"), grpc.StatusCode.INVALID_ARGUMENT, 400, False),
        (TooLarge(64), grpc.StatusCode.RESOURCE_EXHAUSTED, 413, False),
        (Overloaded("full"), grpc.StatusCode.UNAVAILABLE, 503, True),
        (StoreError("locked"), grpc.StatusCode.UNAVAILABLE, 503, True),
        (UnstorableBatch("odd"), grpc.StatusCode.INTERNAL, 500, False),
        (ZeroDivisionError("secret"), grpc.StatusCode.INTERNAL, 500, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_failure_has_its_code(
    error: Exception, code: grpc.StatusCode, http_status: int, retry: bool
) -> None:
    refusal = explain(error)
    assert (refusal.code, refusal.http_status, refusal.retry) == (code, http_status, retry)
    status = Status.FromString(refusal.status())
    assert status.code == code.value[0]
    assert status.message == refusal.message != ""
    details = ["RetryInfo"] * retry + ["BadRequest"] * (http_status == 400)
    assert [detail.TypeName() for detail in status.details] == [f"google.rpc.{d}" for d in details]
    assert len(refusal.trailers()) - 1 == retry
    assert "secret" not in refusal.message


def test_the_wait_is_told_in_both_trailers() -> None:
    trailers = dict(explain(Overloaded("full")).trailers())
    status = Status.FromString(trailers["grpc-status-details-bin"])
    told = RetryInfo()
    assert status.details[0].Unpack(told)
    assert told.retry_delay.ToTimedelta().total_seconds() == 1
    assert RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"]) == told


@pytest.mark.parametrize("text", ["\N{PILE OF POO}" * 5_000, "\ud800" * 5_000])
@pytest.mark.parametrize("error", [StoreError, UndecodableRequest])
def test_any_message_fits_into_the_trailers(error: type[Exception], text: str) -> None:
    refusal = explain(error(text))
    escaped = 3 * len(refusal.message.encode())
    binary = sum(len(value) * 4 // 3 for _, value in refusal.trailers())
    assert escaped + binary < 8 * 1024
