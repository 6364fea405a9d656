"""Metrics and logs: counted, dropped, and said so to both sides."""

import asyncio
import logging
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from collector.admission import Overloaded
from collector.grpc_receiver import start_grpc
from collector.other_signals import LOGS, METRICS, DroppedSignals, Signal
from tests.unit.collector.kept_requests import JSON, KeptRequests, Post, run_posts, status_of


def two_data_points() -> ExportMetricsServiceRequest:
    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(as_int=1)
    metric.gauge.data_points.add(as_double=2.5)
    return message


def one_log_record() -> ExportLogsServiceRequest:
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value = "text"
    record.trace_id = bytes(range(16))
    return message


METRICS_TOLD = ExportMetricsServiceResponse()
METRICS_TOLD.partial_success.rejected_data_points = 2
METRICS_TOLD.partial_success.error_message = "This server keeps traces only; metrics are dropped."
LOGS_TOLD = ExportLogsServiceResponse()
LOGS_TOLD.partial_success.rejected_log_records = 1
LOGS_TOLD.partial_success.error_message = "This server keeps traces only; logs are dropped."

CASES = [(METRICS, two_data_points(), METRICS_TOLD), (LOGS, one_log_record(), LOGS_TOLD)]
each_signal = pytest.mark.parametrize(("signal", "message", "told"), CASES, ids=["metrics", "logs"])


@each_signal
def test_over_http_they_are_a_success_that_rejects_everything(
    signal: Signal, message: Message, told: Any
) -> None:
    dropped = DroppedSignals()

    async def scenario(kept: KeptRequests, post: Post) -> None:
        response = await post(message.SerializeToString(), path=signal.path)
        assert (response.status_code, response.content) == (200, told.SerializeToString())
        assert (await post(b"", path=signal.path)).content == b""
        assert kept.payloads == []

    run_posts(scenario, dropped=dropped)
    assert dropped.counts[signal.name] == getattr(told.partial_success, signal.rejected)


@each_signal
def test_in_json_too(signal: Signal, message: Message, told: Any) -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        body = MessageToJson(message).replace("AAECAwQFBgcICQoLDA0ODw==", bytes(range(16)).hex())
        response = await post(body.encode(), JSON, path=signal.path)
        assert response.json()["partialSuccess"]["errorMessage"] == (
            told.partial_success.error_message
        )
        assert (await post(b"{}", JSON, path=signal.path)).json() == {}

    run_posts(scenario)


@each_signal
def test_over_grpc_too(signal: Signal, message: Message, told: Any) -> None:
    async def within() -> None:
        dropped = DroppedSignals()
        server, port = await start_grpc("127.0.0.1:0", KeptRequests(), dropped=dropped)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            export = channel.unary_unary(f"/{signal.service}/Export", bytes, bytes)
            assert await export(message.SerializeToString()) == told.SerializeToString()
            assert await export(b"") == b""
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await export(b"\xff")
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        await server.stop(None)
        assert sum(dropped.counts.values()) > 0

    asyncio.run(asyncio.wait_for(within(), 60))


def test_garbage_is_a_bad_request() -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        assert "no OTLP request" in status_of(await post(b"\xff", path="/v1/logs"), 400).message

    run_posts(scenario)


def test_requests_that_wait_to_be_counted_are_bounded() -> None:
    async def within() -> None:
        payload = one_log_record().SerializeToString()
        dropped = DroppedSignals(max_bytes=len(payload), patience=0.02)
        answers = [dropped.answer(LOGS, payload) for _ in range(4)]
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        assert outcomes[0] == LOGS_TOLD.SerializeToString()
        assert [type(outcome) for outcome in outcomes[2:]] == [Overloaded, Overloaded]
        assert await dropped.answer(LOGS, payload) == LOGS_TOLD.SerializeToString()

    asyncio.run(asyncio.wait_for(within(), 60))


def test_the_operator_is_told_with_a_kind_of_line_for_each_signal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of one kind the server's log has a line each minute at most."""
    dropped = DroppedSignals()

    async def scenario() -> None:
        for signal, message, _ in (*CASES, *CASES):
            await dropped.answer(signal, message.SerializeToString())
            await dropped.answer(signal, b"")

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert len({record.msg for record in caplog.records}) == 2
    told = [record.getMessage().partition(": ")[2].partition(";")[0] for record in caplog.records]
    assert told == [
        "2 data points dropped so far",
        "1 log records dropped so far",
        "4 data points dropped so far",
        "2 log records dropped so far",
    ]
    assert dropped.counts == {"metrics": 4, "logs": 2}
