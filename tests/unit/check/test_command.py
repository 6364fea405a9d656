"""`tracestitch check` as it is called."""

import gzip
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.builders import request, span
from tests.golden.recordings import FOLDER, NAMES, read_requests, read_truth
from tracestitch.cli import main
from tracestitch.passing_store import open_passing_store

# The spans of these tell it, but no root is orphaned (their truth lists none that counts).
QUIET = {"java_kafka_half", "manual_batch_links", "py_aiokafka_to_java_cut"}
EXPECTED = {"P1", "T1"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pyproject.toml of this project is read."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """These recordings are small, and a file of DuckDB costs half a second each; tests/flow
    checks with one."""
    monkeypatch.setattr(
        "tracestitch.check.sources.open_passing_store",
        lambda keys, **_: open_passing_store(keys),
    )


def check(*arguments: str | Path, given: bytes = b"", **variables: str) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)], input=given, env=variables)


def recording(name: str) -> Path:
    return FOLDER / name / "spans.otlp.pb"


def told(*arguments: str | Path) -> Any:
    return json.loads(check(*arguments, "--format=json").stdout)


S1 = recording("tutorial_sqs_s1")
HEALTHY = recording("pipeline_healthy")


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_fails_with_the_cause_of_its_break(name: str) -> None:
    broken: str | None = read_truth(name)["break"]
    answer = check(recording(name), "--format=json")
    codes = {finding["code"] for finding in json.loads(answer.stdout)["findings"]}

    fails = broken is not None and broken not in EXPECTED and name not in QUIET
    assert answer.exit_code == (1 if fails else 0)
    assert codes == ({broken} if fails else set())


def test_the_quiet_recordings_have_no_orphan_roots_and_a_remark() -> None:
    for name in sorted(QUIET):
        answer = told(recording(name))
        assert answer["summary"]["propagated"] < answer["summary"]["hand_overs"]
        assert any("brought no context" in remark for remark in answer["remarks"])


@pytest.mark.parametrize(
    ("name", "code"), [("pipeline_producer_unsampled", "P1"), ("py_celery_beat", "T1")]
)
def test_expected_orphan_roots_fail_when_strict(name: str, code: str) -> None:
    answer = check(recording(name), "--strict", "--format=json")

    assert answer.exit_code == 1
    findings = json.loads(answer.stdout)["findings"]
    assert {(finding["code"], finding["expected"]) for finding in findings} == {(code, True)}


def test_there_is_one_finding_for_each_orphan_root() -> None:
    answer = told(S1)
    roots = {(each["trace_id"], each["span_id"]) for each in answer["findings"]}

    assert len(roots) == len(answer["findings"]) == 15
    assert {each["producer_service"] for each in answer["findings"]} == {"order-service"}


def test_several_files_are_one_check() -> None:
    answer = check(HEALTHY, S1)

    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[-1].startswith("Failed: 15 orphan roots, ")


def test_the_standard_input_is_a_file_named_dash() -> None:
    assert check("-", given=gzip.compress(HEALTHY.read_bytes())).exit_code == 0
    assert check("-", given=S1.read_bytes()).exit_code == 1


def test_expectations_are_met_or_told() -> None:
    met = ("--expect=orders -> payment-service", "--expect=payment-service -> inventory-service")
    assert check(HEALTHY, *met).exit_code == 0

    answer = check(HEALTHY, *met, "--expect=orders -> shipping-service")
    assert answer.exit_code == 1
    assert answer.stdout.startswith(
        "The hand-over orders -> shipping-service is not there\n"
        "    Only payment-service took messages of orders.\n"
    )

    assert check(S1, "--allow=S1", "--expect=orders->payment-service").exit_code == 1


def test_allowed_causes_do_not_fail() -> None:
    answer = check(S1, "--allow=s1", "--allow=K1")

    assert answer.exit_code == 0
    assert "Not counted: 15 allowed (S1)." in answer.stdout
    assert "Remark: No orphan root has the allowed cause K1." in answer.stdout


def test_an_unknown_code_says_which_there_are() -> None:
    answer = check(S1, "--allow=Q9")

    assert answer.exit_code == 2
    assert "causes of orphan roots are " in answer.stderr
    assert "S1, " in answer.stderr


def test_a_baseline_excuses_what_was_found_once(tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    written = check(S1, f"--write-baseline={known}", f"--baseline={known}")

    assert written.exit_code == 0
    assert written.stderr == f"Wrote 1 known finding to {known}.\n"
    assert check(S1, f"--baseline={known}").exit_code == 0
    other = check(recording("pipeline_xray_mixed"), f"--baseline={known}")
    assert other.exit_code == 1
    assert (
        "Remark: The baseline names what was not found again: S1, payment-service" in other.stdout
    )


def test_a_baseline_is_not_written_of_what_could_not_be_read(tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    answer = check(S1, tmp_path / "missing", f"--write-baseline={known}")

    assert answer.exit_code == 2
    assert not known.exists()


def test_settings_come_from_the_project_and_flags_add_to_them(tmp_path: Path) -> None:
    project = Path("pyproject.toml")
    project.write_text('[tool.tracestitch.check]\nallow = ["S1"]\n')
    assert check(S1).exit_code == 0
    assert check(S1, "--expect=orders -> nobody").exit_code == 1

    config = tmp_path / "gate.toml"
    config.write_text('expect = ["orders -> nobody"]\n')
    assert check(HEALTHY, f"--config={config}").exit_code == 1
    assert check(HEALTHY).exit_code == 0

    project.write_text("[tool.tracestitch.check]\nallowed = []\n")
    answer = check(HEALTHY)
    assert answer.exit_code == 2
    assert answer.stderr == (
        'Error: pyproject.toml: there is no "allowed" in [tool.tracestitch.check]; '
        "there are expect, allow, correlation-keys, baseline, strict, advise.\n"
    )


@pytest.mark.parametrize("format_", ["text", "json", "junit", "sarif"])
def test_a_report_goes_to_its_file_and_a_sentence_to_the_log(format_: str, tmp_path: Path) -> None:
    file = tmp_path / "report"
    shown = check(S1, f"--format={format_}")
    answer = check(S1, f"--format={format_}", f"--output={file}")

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("Failed: 15 orphan roots, ")
    assert answer.stderr.endswith(f" The report is {file}.\n")
    assert file.read_text("utf-8") == shown.stdout


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    answer = check(HEALTHY, f"--output={tmp_path}")

    assert answer.exit_code == 2
    assert answer.stderr == f"Error: {tmp_path} cannot be written (Is a directory).\n"


def test_an_unknown_format_is_refused() -> None:
    answer = check(HEALTHY, "--format=xml")

    assert answer.exit_code == 2
    assert "a format is text, json, junit or sarif" in answer.stderr


def test_advice_never_fails() -> None:
    answer = check(recording("tutorial_healthy"), "--advise")

    assert answer.exit_code == 0
    assert "Remark: payment-service: payment.publish sends messages without" in answer.stdout


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"\x00" * 64,
        b"\x1f\x8b\x08garbage",
        b'{"resourceSpans": 7}',
        b"[" * 100_000,
        HEALTHY.read_bytes()[:-7],
        b"\xff" * 1_000,
    ],
    ids=["text", "zeros", "gzip", "json", "deep", "cut", "ones"],
)
def test_an_unreadable_file_is_2_and_a_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad"
    file.write_bytes(content)
    answer = check(file)

    assert answer.exit_code == 2, answer.output
    assert answer.stdout == ""
    assert answer.stderr.startswith("Error: ")
    assert str(file) in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nothing_seen_does_not_pass(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text('{"resourceSpans": []}')
    answer = check(file)

    assert answer.exit_code == 2
    assert answer.stderr == f"Error: There are no spans in {file}, so nothing was checked.\n"


def test_hostile_names_become_a_report(tmp_path: Path) -> None:
    name = "\x1b[2J<&>\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 5_000
    attributes = {"messaging.system": "aws_sqs", "messaging.destination.name": name}
    file = tmp_path / "hostile"
    file.write_bytes(
        request(
            span(name, trace=1, kind="PRODUCER", service=name, attributes=attributes),
            span(name, trace=2, kind="CONSUMER", service=name, attributes=attributes, at=1),
        )
    )
    for format_ in ("text", "json", "junit", "sarif"):
        answer = check(file, "--strict", "--advise", f"--format={format_}")
        assert answer.exit_code == 1, answer.output
        assert "\x1b" not in answer.stdout


def test_a_server_that_is_not_there_is_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = check(f"--endpoint=http://127.0.0.1:{port}")

    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"Error: Nobody answers at http://127.0.0.1:{port} (")


@pytest.mark.parametrize("flag", ["--endpoint=http://127.0.0.1:1", "--data-dir=x"])
def test_files_exclude_other_sources(flag: str) -> None:
    answer = check(HEALTHY, flag)

    assert answer.exit_code == 2
    assert f"Files and {flag.partition('=')[0]} exclude each other" in answer.stderr


def test_files_beat_the_variables_of_other_sources() -> None:
    assert check(HEALTHY, TRACESTITCH_ENDPOINT="http://127.0.0.1:1").exit_code == 0
    assert check(HEALTHY, TRACESTITCH_DATA_DIR="missing").exit_code == 0
    assert not Path("missing").exists()


def test_a_store_is_checked(tmp_path: Path) -> None:
    data = f"--data-dir={tmp_path / 'data'}"
    assert CliRunner().invoke(main, ["load", str(S1), data]).exit_code == 0

    answer = check(data)
    assert answer.exit_code == 1
    assert (
        "S1 Message attributes were not requested, confidence 0.6: 15 orphan roots" in answer.stdout
    )


def test_a_store_that_cannot_be_opened_is_2(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("hello")

    answer = check(f"--data-dir={file}")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Error: The file ")


def test_requests_in_another_order_are_the_same_report(tmp_path: Path) -> None:
    requests = read_requests("pipeline_xray_mixed")
    reports = []
    for number, ordered in enumerate((requests, requests[::-1])):
        file = tmp_path / str(number)
        file.write_bytes(b"".join(len(r).to_bytes(4, "big") + r for r in ordered))
        reports.append(check(file, "--advise", "--format=json").stdout)

    assert reports[0] == reports[1]


def test_the_command_line_imports_neither_analyzer_nor_stores() -> None:
    """So that --help is quick."""
    script = "import sys, tracestitch.cli; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert {"polars", "pyarrow", "duckdb", "starlette", "grpc"} & set(told.stdout.split()) == set()
    assert "tracestitch.check.command" in told.stdout


@pytest.mark.parametrize("error", [RuntimeError("odd"), BaseException("panic")])
def test_a_crash_does_not_look_like_findings(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise error

    monkeypatch.setattr("tracestitch.check.gate.judge", crash)
    answer = check(HEALTHY)

    assert answer.exit_code == 2
    assert str(error) in answer.stderr
    assert answer.stderr.endswith(
        "Error: The check itself failed; this is a fault of tracestitch.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_check_says_so_and_leaves_no_spans_behind(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Path] = []

    def stop(*_: object) -> None:
        places.extend(tmp_path.glob("tracestitch-*"))
        signal.raise_signal(number)

    monkeypatch.setattr(
        "tracestitch.check.sources.open_passing_store",
        lambda keys, **_: open_passing_store(keys, on_disk=True),
    )
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tracestitch.check.sources.read_files", stop)
    answer = check(HEALTHY)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == "Error: The check was interrupted.\n"
    assert [place.exists() for place in places] == [False]
