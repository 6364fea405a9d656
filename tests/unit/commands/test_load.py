"""Loading: what is said, and how it ends."""

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from storage.engines import open_store
from tests.builders import request, span
from tracestitch.cli import main


def load(*arguments: str | Path, given: bytes = b"", **variables: str) -> Result:
    return CliRunner().invoke(main, ["load", *map(str, arguments)], input=given, env=variables)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.pb"
    file.write_bytes(request(span(id=1), span(id=2)))
    return file


def test_counts_tell_files_requests_spans_and_what_was_there_before(
    good: Path, tmp_path: Path
) -> None:
    data = f"--data-dir={tmp_path / 'data'}"

    assert load(good, data).output == (
        "Loaded 1 file, 1 request, 2 spans, 0 rejected, 0 stored before.\n"
    )
    assert load(good, good, data).output == (
        "Loaded 2 files, 2 requests, 4 spans, 0 rejected, 4 stored before.\n"
    )


def test_standard_input_is_a_file_named_dash(tmp_path: Path) -> None:
    data = tmp_path / "data"
    answer = load("-", f"--data-dir={data}", given=gzip.compress(request(span(), span(id=2))))

    assert answer.output.startswith("Loaded 1 file, 1 request, 2 spans")
    store = open_store(f"duckdb:{data}")
    status = store.status()
    store.close()
    assert (status.spans, status.pending_spans) == (2, 0)


def test_spans_without_an_id_are_counted_as_rejected(tmp_path: Path) -> None:
    file = tmp_path / "bad.pb"
    file.write_bytes(request(span(id=0), span(id=1)))

    answer = load(file, f"--data-dir={tmp_path / 'data'}")

    assert answer.exit_code == 0
    assert "2 spans, 1 rejected" in answer.output


def test_an_unreadable_file_is_named_and_does_not_keep_others_out(
    good: Path, tmp_path: Path
) -> None:
    bad, missing = tmp_path / "bad.txt", tmp_path / "missing"
    bad.write_bytes(b"hello")

    answer = load(bad, missing, tmp_path, good, f"--data-dir={tmp_path / 'data'}")

    assert answer.exit_code == 2
    assert answer.stderr.splitlines() == [
        f"Error: {bad}, byte 0: not OTLP protobuf, OTLP JSON, Jaeger JSON or Zipkin v2 JSON.",
        f"Error: {missing}: cannot be read (No such file or directory).",
        f"Error: {tmp_path}: cannot be read (Is a directory).",
    ]
    assert answer.stdout.startswith("Loaded 1 file, 1 request, 2 spans")


def test_what_stands_before_the_damage_is_loaded(tmp_path: Path) -> None:
    whole = request(span())
    file = tmp_path / "cut.pb"
    framed = len(whole).to_bytes(4, "big") + whole
    file.write_bytes(framed + framed[:-7])

    answer = load(file, f"--data-dir={tmp_path / 'data'}")

    assert answer.exit_code == 2
    assert (
        f"{file}, byte {len(framed)}: a request of {len(whole)} bytes is cut off" in answer.stderr
    )
    assert "1 request, 1 span," in answer.stdout


def test_an_unreachable_server_is_one_sentence(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.otlp_client._RETRIES", (0.0,))

    answer = load(good, "--otlp-endpoint=127.0.0.1:1")

    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: Nobody takes OTLP/gRPC at 127.0.0.1:1 (")
    assert answer.stderr.count("\n") == 1


def test_a_store_that_cannot_be_opened_is_one_sentence(good: Path) -> None:
    answer = load(good, f"--data-dir={good}")

    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: The file ")
    assert answer.stderr.count("\n") == 1


def test_an_endpoint_and_a_data_directory_exclude_each_other(good: Path) -> None:
    answer = load(good, "--otlp-endpoint=127.0.0.1:1", "--data-dir=x")

    assert answer.exit_code == 2
    assert "exclude each other" in answer.output


def test_an_endpoint_asked_for_beats_the_variable_of_the_data_directory(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.otlp_client._RETRIES", ())
    data = tmp_path / "data"

    answer = load(good, "--otlp-endpoint=127.0.0.1:1", TRACESTITCH_DATA_DIR=str(data))

    assert "127.0.0.1:1" in answer.stderr
    assert not data.exists()


def test_files_have_to_be_named() -> None:
    assert load().exit_code == 2


def test_a_file_that_unpacks_to_too_much_is_one_sentence(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpack(_: object) -> object:
        raise MemoryError

    monkeypatch.setattr("tracestitch.load.read_requests", unpack)
    result = load(good, "--data-dir", tmp_path / "store")
    assert result.exit_code == 2
    assert f"{good} needs more memory than there is" in result.output


def test_a_span_that_no_store_takes_is_one_sentence(good: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.pb"
    large.write_bytes(request(span("n" * (9 << 20))))

    answer = load(large, good, f"--data-dir={tmp_path / 'data'}")

    assert answer.exit_code == 2
    assert answer.stderr == (
        f"Error: {large}: not an ExportTraceServiceRequest: a span of more than 8 MiB is in it.\n"
    )
    assert answer.stdout.startswith("Loaded 1 file, 1 request, 2 spans")
