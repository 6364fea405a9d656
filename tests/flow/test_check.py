"""`tracestitch check` as a process of its own: over files and over a server with a token."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.servers import RunningServer, run_command, serving
from tests.golden.recordings import FOLDER

TOKEN = "f1d2d2f924e986ac86fdf7b36c94bcdf"
S1 = FOLDER / "tutorial_sqs_s1" / "spans.otlp.pb"
HEALTHY = FOLDER / "pipeline_healthy" / "spans.otlp.pb"


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture(scope="module")
def server(token_file: Path) -> Iterator[RunningServer]:
    with serving(None, f"--token-file={token_file}") as running:
        yield running


def test_a_server_is_checked_once_its_analysis_is_done(
    server: RunningServer, token_file: Path
) -> None:
    asked = (f"--endpoint={server.web}", f"--token-file={token_file}", "--format=json")
    empty = run_command("check", *asked)
    assert empty.returncode == 2
    assert b"There are no spans in http://" in empty.stderr

    loaded = run_command(
        "load", str(S1), f"--otlp-endpoint={server.grpc}", f"--token-file={token_file}"
    )
    assert loaded.returncode == 0, loaded.stderr

    answer = run_command("check", *asked, "--advise")
    told = json.loads(answer.stdout)
    assert answer.returncode == 1
    assert {finding["code"] for finding in told["findings"]} == {"S1"}
    # Although the server calls them unsettled for a minute.
    assert told["summary"]["orphan_roots"] == 15


def test_a_server_that_asks_for_its_token_is_2(server: RunningServer) -> None:
    answer = run_command("check", f"--endpoint={server.web}")

    assert answer.returncode == 2
    assert b"asks for its token; give --token-file" in answer.stderr
    assert TOKEN.encode() not in answer.stderr + answer.stdout


def test_the_gate_of_a_pipeline_runs_without_a_server(tmp_path: Path) -> None:
    passed = run_command("check", str(HEALTHY))
    assert (passed.returncode, passed.stderr) == (0, b"")
    assert passed.stdout.decode().startswith("Passed: 45 of 45 hand-overs propagated")

    report = tmp_path / "report.sarif"
    failed = run_command(
        "check", "-", "--format=sarif", f"--output={report}", given=S1.read_bytes()
    )
    assert failed.returncode == 1
    assert json.loads(report.read_text("utf-8"))["version"] == "2.1.0"
    assert [file.name for file in tmp_path.iterdir()] == ["report.sarif"]
