"""Requests that no exporter should send, against the running server: each is answered with
what is wrong, costs bounded memory, and disturbs nobody else."""

import gzip
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import duckdb
import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tests.builders import request, span
from tests.flow.servers import RunningServer, run_serve, serving
from tests.packed import PACK

MIB = 1 << 20
LIMIT = 64 * MIB
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serving(None) as running:
        yield running


def call(server: RunningServer, payload: bytes, method: str = TRACES) -> bytes:
    """Raises grpc.RpcError."""
    with grpc.insecure_channel(server.grpc, [("grpc.enable_http_proxy", 0)]) as channel:
        export = channel.unary_unary(method, request_serializer=None, response_deserializer=None)
        answer: bytes = export(payload, timeout=60)
        return answer


def post(
    server: RunningServer, body: bytes, path: str = "/v1/traces", **headers: str
) -> httpx.Response:
    return httpx.post(
        f"{server.http}{path}",
        content=body,
        headers={"content-type": "application/x-protobuf"} | headers,
        trust_env=False,
        verify=False,
        timeout=60,
    )


def stored(server: RunningServer) -> int:
    spans: int = server.get("/api/v1/status")["spans"]
    return spans


def highest_memory(server: RunningServer) -> int:
    """Bytes of memory that the process ever held at once (Linux)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


@cache
def packed_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()


def test_a_request_above_64_mib_is_refused_on_both_ports(server: RunningServer) -> None:
    before = stored(server)
    with pytest.raises(grpc.RpcError) as refused:
        call(server, bytes(LIMIT + 1))
    over_http = post(server, bytes(LIMIT + 1))

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert over_http.status_code == 413
    assert "67,108,864 bytes" in Status.FromString(over_http.content).message
    assert stored(server) == before


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics"])
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_at_the_limit_and_not_unpacked_whole(
    encoding: str, path: str, server: RunningServer
) -> None:
    bomb = packed_zeros(1024 * MIB) if encoding == "gzip" else PACK["zstd"](bytes(1024 * MIB))
    before = highest_memory(server)

    answers = [post(server, bomb, path, **{"content-encoding": encoding}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [413] * 3
    assert highest_memory(server) - before < 512 * MIB


def test_many_large_bodies_at_once_are_taken_or_told_to_come_later(server: RunningServer) -> None:
    """Of metrics, since what is done with traces afterwards is bounded elsewhere."""
    body = b"\xfa\x01\x80\x80\x80\x10" + bytes(32 * MIB)  # one unknown field
    before = highest_memory(server)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: post(server, body, "/v1/metrics"), range(12)))

    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {200, 503}
    assert 200 in codes
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 503)
    assert highest_memory(server) - before < 512 * MIB


def test_bad_text_deep_inside_a_large_value_costs_bounded_memory(server: RunningServer) -> None:
    value: object = "QQQQ" + "x" * (7 * MIB)
    for _ in range(40):
        value = [value]
    payload = request(span(trace=0xBAD, attributes={"a": value}), span("beside", trace=0xBAD, id=2))
    before, spans = highest_memory(server), stored(server)

    assert call(server, payload.replace(b"QQQQ", b"QQQ\xff")) == b""

    assert stored(server) == spans + 2
    assert highest_memory(server) - before < 512 * MIB


@pytest.mark.parametrize("transport", ["grpc", "http", "http, gzip"])
def test_good_spans_beside_bad_ones_are_stored_and_the_bad_ones_counted(
    transport: str, server: RunningServer
) -> None:
    payload = request(
        span(transport, trace=0x600D, id=len(transport)), span(trace=0), span(id=0), span(trace=0)
    )
    before = stored(server)
    if transport == "grpc":
        answer = call(server, payload)
    elif transport == "http":
        answer = post(server, payload).content
    else:
        answer = post(server, gzip.compress(payload), **{"content-encoding": "gzip"}).content

    told = ExportTraceServiceResponse.FromString(answer).partial_success
    assert told.rejected_spans == 3
    assert "2 × trace_id" in told.error_message
    assert "1 × span_id" in told.error_message
    assert stored(server) == before + 1


def test_what_is_no_request_is_named_on_both_ports(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(server, b"garbage")
    over_http = post(server, b"garbage")

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert over_http.status_code == 400
    for said in (refused.value.details(), Status.FromString(over_http.content).message):
        assert "not an ExportTraceServiceRequest" in str(said)


def test_other_signals_are_dropped_and_said_to_be(server: RunningServer) -> None:
    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.gauge.data_points.add()
    before = stored(server)

    answer = ExportMetricsServiceResponse.FromString(
        call(server, message.SerializeToString(), METRICS)
    )

    assert answer.partial_success.rejected_data_points == 1
    assert "traces only" in answer.partial_success.error_message
    assert stored(server) == before


def test_the_server_of_all_these_is_ready_and_ends_well() -> None:
    with serving(None) as server:
        for hostile in (b"garbage", bytes(LIMIT + 1), request(span(trace=0))):
            post(server, hostile)
        assert call(server, request(span())) == b""
        assert httpx.get(f"{server.web}/readyz", trust_env=False, verify=False).status_code == 200
        code, said = server.stop()

    assert code == 0
    assert "Traceback" not in said


def test_a_store_of_a_newer_version_is_one_sentence_and_left_alone(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.stop()
    (file,) = tmp_path.glob("*.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE state SET schema_version = 99")
    before = file.read_bytes()

    ended = run_serve(f"--store=duckdb:{tmp_path}")

    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: ")
    assert "newer" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert file.read_bytes() == before
