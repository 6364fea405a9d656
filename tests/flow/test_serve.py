"""`tracestitch serve` as a user meets it: starting, refusing to start, surviving, ending."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from collector.decoding import make_decoder
from collector.otlp_client import OtlpClient, RequestRefused
from tests.builders import request, span
from tests.flow.servers import RunningServer, run_command, run_serve, serving

RECORDING = Path(__file__).parents[2] / "sample_data" / "recordings" / "manual_sqs_s1"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serving(None) as running:
        yield running


def export(server: RunningServer, payload: bytes) -> int:
    client = OtlpClient(server.grpc)
    try:
        return client.send(payload)
    finally:
        client.close()


def test_it_says_where_it_listens_and_what_it_runs_on(server: RunningServer) -> None:
    ports = [server.grpc, server.http, server.web]

    assert server.grpc.startswith("127.0.0.1:")
    assert server.web.startswith("http://127.0.0.1:")
    assert not any(port.endswith(":0") for port in ports)
    assert server.said[3] == f"decoder {make_decoder().name}, store memory:"
    assert httpx.get(f"{server.web}/readyz", trust_env=False).status_code == 200


@pytest.mark.parametrize("part", ["grpc", "http", "web"])
def test_a_taken_port_is_one_sentence_that_names_the_flag(part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run_serve(f"--{part}-address={address}")

    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: Cannot listen on {address} (it is in use); choose another --{part}-address.\n"
    )


def test_two_servers_do_not_share_a_grpc_port(server: RunningServer) -> None:
    ended = run_serve(f"--grpc-address={server.grpc}")

    assert ended.returncode == 1
    assert "--grpc-address" in ended.stderr


def test_a_store_that_another_server_holds_is_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path):
        ended = run_serve(f"--store=duckdb:{tmp_path}")

    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The store ")
    assert ended.stderr.count("\n") == 1


def test_an_unknown_kind_of_store_is_one_sentence() -> None:
    ended = run_serve("--store=carrier-pigeon://coop")

    assert ended.returncode == 1
    assert ended.stderr == (
        'Error: The store "carrier-pigeon://coop" is not one of "memory:", "duckdb:PATH", '
        '"clickhouse://HOST/DATABASE".\n'
    )


def test_what_comes_in_is_counted(server: RunningServer) -> None:
    with pytest.raises(RequestRefused, match="INVALID_ARGUMENT"):
        export(server, b"\xff")
    metrics = httpx.get(f"{server.web}/metrics", trust_env=False).text

    assert '\ntracestitch_otlp_requests_refused_total{transport="grpc"} 1.0\n' in metrics


def test_what_was_acknowledged_is_answered_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for trace in range(1, 6):
            assert export(server, request(span(trace=trace))) == 0
            told = server.get(f"/api/v1/traces/{trace:032x}")["trace"]
            assert len(told["spans"]) == 1


def test_listening_to_everyone_is_said_aloud() -> None:
    with serving(None, "--web-address=0.0.0.0:0") as server:
        code, said = server.stop()

    assert code == 0
    assert said.count("ATTENTION") == 1
    assert "0.0.0.0:" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_commits_and_ends_with_0(number: signal.Signals, tmp_path: Path) -> None:
    data = tmp_path / "made" / "when missing"
    with serving(data) as server:
        for trace in range(1, 6):
            assert export(server, request(span(trace=trace))) == 0
        code, said = server.stop(number)

    assert code == 0
    assert said == "Stopped; everything that was acknowledged is stored.\n"
    with serving(data) as again:
        assert again.wait_for_spans(5)["spans"] == 5


def test_senders_that_hang_do_not_hold_the_stop() -> None:
    beginnings = [
        b"",
        b"GET / HT",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
        b"content-length: 100\r\n\r\nxx",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    with ExitStack() as stack, serving(None) as server:
        for address in (server.grpc, server.http, server.web):
            for beginning in beginnings:
                connection = stack.enter_context(connect(address))
                connection.sendall(beginning)
        assert export(server, request(span())) == 0
        code, said = server.stop()

    assert code == 0
    assert "Traceback" not in said


def connect(address: str) -> socket.socket:
    host, _, port = address.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 2_000,
        b"\xff" * 200_000,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 50_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 10_000,
        b"POST /v1/traces HTTP/1.1\r\ncontent-length: 99999999999999\r\n\r\nx",
    ],
    ids=["zeros", "ones", "headers", "http2", "length"],
)
def test_garbage_on_any_port_leaves_the_server_alive(garbage: bytes, server: RunningServer) -> None:
    for address in (server.grpc, server.http, server.web):
        with connect(address) as connection:
            try:
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
            except OSError:
                pass  # it hung up before the end: as good an answer

    assert httpx.get(f"{server.web}/readyz", trust_env=False).status_code == 200
    assert export(server, request(span(trace=0xABC))) == 0


def test_a_loaded_recording_is_answered_by_the_api(tmp_path: Path) -> None:
    truth = json.loads((RECORDING / "truth.json").read_text("utf-8"))
    broken = {edge["consumer_root"]["span_id"] for edge in truth["edges"] if edge["cause"] == "S1"}
    order = truth["edges"][0]["order_id"]
    with serving(tmp_path) as server:
        loaded = run_command(
            "load", str(RECORDING / "spans.otlp.pb"), "--otlp-endpoint", server.grpc
        )
        status = server.wait_for_spans(160)
        journey = server.get("/api/v1/journeys", attribute=f"order.id={order}")["journey"]
        orphans = server.get("/api/v1/orphans", limit="1000")["orphans"]
        told = run_command("journey", f"order.id={order}", "--json", "--endpoint", server.web)

    assert loaded.stdout == b"Loaded 1 file, 9 requests, 160 spans, 0 rejected.\n"
    assert loaded.returncode == 0
    assert json.loads(told.stdout)["journey"] == journey
    assert status["spans"] == 160
    assert len(journey["trace_ids"]) > 1
    assert {"order-service", "payment-service"} <= {
        span["service_name"] for span in journey["spans"]
    }
    assert {orphan["span_id"] for orphan in orphans} == broken
    assert {orphan["cause"]["code"] for orphan in orphans} == {"S1"}


def test_a_file_loaded_into_a_data_directory_is_analysed_there(tmp_path: Path) -> None:
    recording = str(RECORDING / "spans.otlp.pb")
    first = run_command("load", recording, f"--data-dir={tmp_path}")
    second = run_command("load", "-", f"--data-dir={tmp_path}", given=Path(recording).read_bytes())

    assert first.stdout == b"Loaded 1 file, 9 requests, 160 spans, 0 rejected, 0 stored before.\n"
    assert second.stdout.endswith(b"160 stored before.\n")
    with serving(tmp_path) as server:
        status = server.get("/api/v1/status")
        assert (status["spans"], status["pending_spans"]) == (160, 0)
        assert server.get("/api/v1/orphans", cause="S1")["orphans"]
