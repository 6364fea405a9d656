"""Connections that are opened and left idle, against the running server."""

import socket
from contextlib import ExitStack

import grpc
import httpx

from tests.builders import request, span
from tests.flow.servers import serving
from tracestitch.open_files import raise_file_limit

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
IDLE = 700  # more than the HTTP listener takes, and than many processes may open


def test_idle_connections_without_end_leave_room_for_senders_and_readers() -> None:
    raise_file_limit()  # for our own ends of them
    with serving(None) as server, ExitStack() as idle:
        host, _, port = server.http.removeprefix("http://").rpartition(":")
        for _ in range(IDLE):
            idle.enter_context(socket.create_connection((host, int(port)), timeout=30))
        with grpc.insecure_channel(server.grpc, [("grpc.enable_http_proxy", 0)]) as channel:
            export = channel.unary_unary(EXPORT, bytes, bytes)
            assert export(request(span()), timeout=60) == b""
        assert server.wait_for_spans(1)["spans"] == 1
        idle.close()
        answer = httpx.post(
            f"{server.http}/v1/traces",
            content=request(span(trace=2)),
            headers={"content-type": "application/x-protobuf"},
            trust_env=False,
            verify=False,
            timeout=60,
        )
        assert answer.status_code == 200
        code, said = server.stop()

    assert code == 0
    assert "Traceback" not in said
