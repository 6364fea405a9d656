"""A disk that is full, seen from outside: a limit on the size of files stands for it."""

import resource
import time
from pathlib import Path

import httpx

from collector.otlp_client import OtlpClient, ReceiverUnreachable
from tests.builders import request, span
from tests.flow.servers import RunningServer, serving

SPANS = 50


def limit_files(server: RunningServer, size: int) -> None:
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def payload(trace: int) -> bytes:
    padding = {"padding": "x" * 1_000}
    return request(*(span(trace=trace, id=n + 1, attributes=padding) for n in range(SPANS)))


def send_until_refused(server: RunningServer) -> int:
    """How many requests were acknowledged before."""
    client = OtlpClient(server.grpc)
    try:
        for trace in range(1, 1_000):
            client.send(payload(trace))
    except ReceiverUnreachable:
        return trace - 1
    finally:
        client.close()
    raise AssertionError("the disk was never full")


def readiness(server: RunningServer) -> httpx.Response:
    return httpx.get(f"{server.web}/readyz", trust_env=False, verify=False, timeout=30)


def check_all_there(server: RunningServer, traces: int) -> None:
    server.wait_for_spans(traces * SPANS)
    for trace in range(1, traces + 1):
        told = server.get(f"/api/v1/traces/{trace:032x}")["trace"]
        assert len(told["spans"]) == SPANS


def test_a_full_disk_refuses_and_keeps_everything_that_was_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        limit_files(server, 100_000)
        acknowledged = send_until_refused(server)
        told = readiness(server)
        assert told.status_code == 503
        assert "File too large" in told.text
        code, said = server.stop()
        assert code == 0
        assert "Traceback" not in said

    with serving(tmp_path) as again:
        check_all_there(again, acknowledged)
        assert readiness(again).status_code == 200


def test_a_disk_with_room_again_is_used_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        limit_files(server, 300_000)
        acknowledged = send_until_refused(server)
        limit_files(server, resource.RLIM_INFINITY)
        deadline = time.monotonic() + 60
        while readiness(server).status_code != 200:
            assert time.monotonic() < deadline, readiness(server).text
            time.sleep(0.1)
        client = OtlpClient(server.grpc)
        assert client.send(payload(acknowledged + 1)) == 0
        client.close()
        check_all_there(server, acknowledged + 1)
        server.kill()  # what was written around the failures must be readable too

    with serving(tmp_path) as again:
        check_all_there(again, acknowledged + 1)
