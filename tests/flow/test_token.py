"""`tracestitch serve` with a token, as senders, readers and guessers meet it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from collector.otlp_client import OtlpClient, RequestRefused
from tests.builders import request, span
from tests.flow.servers import RunningServer, run_command, run_serve, serving

TOKEN = "f1d2d2f924e986ac86fdf7b36c94bcdf"
NEAR = [TOKEN[:-1], TOKEN[:-1] + "e"]
PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture(scope="module")
def server(token_file: Path) -> Iterator[RunningServer]:
    with serving(None, f"--token-file={token_file}") as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def send_grpc(server: RunningServer, token: str | None) -> int:
    client = OtlpClient(server.grpc, token=token)
    try:
        return client.send(request(span(trace=0x61)))
    finally:
        client.close()


def talk(method: str, url: str, headers: dict[str, str], content: Any = None) -> httpx.Response:
    # Without reading certificates, which takes longer than the answer.
    with httpx.Client(trust_env=False, verify=False, timeout=30) as client:
        return client.request(method, url, headers=headers, content=content)


def post(
    server: RunningServer, headers: dict[str, str], body: Any, path: str = "/v1/traces"
) -> httpx.Response:
    return talk("POST", f"{server.http}{path}", headers, body)


def ask(server: RunningServer, path: str, headers: dict[str, str]) -> httpx.Response:
    return talk("GET", f"{server.web}{path}", headers)


def finished_span() -> ReadableSpan:
    """One of the real SDK."""
    work = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("work")
    work.end()
    assert isinstance(work, ReadableSpan)
    return work


def test_real_exporters_send_with_the_token_in_their_headers(server: RunningServer) -> None:
    grpc = GrpcExporter(f"http://{server.grpc}", insecure=True, headers=bearer(TOKEN))
    http = HttpExporter(f"{server.http}/v1/traces", headers=bearer(TOKEN))

    assert grpc.export([finished_span()]) is SpanExportResult.SUCCESS
    assert http.export([finished_span()]) is SpanExportResult.SUCCESS


def test_real_exporters_without_it_fail_at_once(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    grpc = GrpcExporter(f"http://{server.grpc}", insecure=True)
    http = HttpExporter(f"{server.http}/v1/traces", headers=bearer(NEAR[0]))

    assert grpc.export([finished_span()]) is SpanExportResult.FAILURE
    assert http.export([finished_span()]) is SpanExportResult.FAILURE
    assert "UNAUTHENTICATED" in caplog.text
    assert "401" in caplog.text


@pytest.mark.parametrize("token", [None, *NEAR])
def test_nearly_the_token_opens_no_listener(token: str | None, server: RunningServer) -> None:
    headers = {} if token is None else bearer(token)
    with pytest.raises(RequestRefused, match="UNAUTHENTICATED"):
        send_grpc(server, token)

    for path in ("/v1/traces", "/v1/metrics", "/nowhere"):
        assert post(server, PROTOBUF | headers, request(span()), path).status_code == 401
    for path in ("/", "/api/v1/status", "/metrics"):
        assert ask(server, path, headers).status_code == 401


def test_a_large_body_without_the_token_is_answered_before_it_was_sent(
    server: RunningServer,
) -> None:
    def endless() -> Iterator[bytes]:
        yield bytes(1 << 16)
        time.sleep(0.2)  # the answer is there before the end
        yield bytes(1 << 16)

    assert post(server, PROTOBUF, endless()).status_code == 401


def test_commands_show_the_token_of_the_file(server: RunningServer, token_file: Path) -> None:
    flag = f"--token-file={token_file}"
    recording = Path(__file__).parents[2] / "sample_data/recordings/tutorial_healthy/spans.otlp.pb"
    loaded = run_command("load", str(recording), "--otlp-endpoint", server.grpc, flag)
    asked = run_command("orphans", "--json", "--endpoint", server.web, flag)
    without = run_command("orphans", "--endpoint", server.web)
    refused = run_command("load", str(recording), "--otlp-endpoint", server.grpc)

    assert (loaded.returncode, asked.returncode) == (0, 0), loaded.stderr + asked.stderr
    assert without.returncode == refused.returncode == 1
    assert without.stderr.decode() == (
        f"Error: The server at {server.web} asks for its token; give --token-file.\n"
    )
    assert b"UNAUTHENTICATED" in refused.stderr
    assert refused.stderr.count(b"\n") == 1


def test_a_new_token_holds_without_a_restart_and_the_old_one_as_long_as_it_stands(
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    new = TOKEN[::-1]
    with serving(None, f"--token-file={file}") as server:
        assert send_grpc(server, TOKEN) == 0
        file.write_text(f"{new}\n{TOKEN}\n")
        wait_until_accepted(server, new, 200)
        assert [send_grpc(server, token) for token in (new, TOKEN)] == [0, 0]
        file.write_text(new)
        wait_until_accepted(server, TOKEN, 401)
        assert send_grpc(server, new) == 0
        file.write_text("")
        wait_until_accepted(server, TOKEN, 401)
        assert send_grpc(server, new) == 0  # what was loaded before stays
        code, said = server.stop()

    assert code == 0
    assert TOKEN not in said
    assert new not in said


def wait_until_accepted(server: RunningServer, token: str, status: int) -> None:
    deadline = time.monotonic() + 30
    while ask(server, "/api/v1/status", bearer(token)).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("content", [None, "", "two words"])
def test_a_file_without_a_token_is_one_sentence(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    ended = run_serve(f"--token-file={file}")

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: --token-file {file} ")
    assert ended.stderr.count("\n") == 1


def test_no_answer_line_or_process_title_shows_the_token(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(None, f"--token-file={token_file}") as server:
        with pytest.raises(RequestRefused) as refused:
            send_grpc(server, TOKEN + "x")
        answers = [
            post(server, PROTOBUF | bearer(TOKEN), b"\xff").text,
            *(
                ask(server, path, headers).text
                for path in ("/", "/status", "/metrics", "/readyz", "/login", "/api/v1/nothing")
                for headers in (bearer(TOKEN), bearer(TOKEN + "x"), {})
            ),
        ]
        title = Path(f"/proc/{server.process.pid}/cmdline")
        if title.exists():
            answers.append(title.read_text())
        _, said = server.stop()
    monkeypatch.setenv("TRACESTITCH_TOKEN", TOKEN)
    helped = [run_command(command, "--help").stdout.decode() for command in ("serve", "load")]

    told = [str(refused.value), said, *server.said, *answers, *helped]
    assert [text for text in told if TOKEN in text] == []
    assert os.environ["TRACESTITCH_TOKEN"] == TOKEN
