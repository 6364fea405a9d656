"""What is checked."""

import json
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from tests.builders import request, span
from tracestitch.check.errors import CheckFailure
from tracestitch.check.sources import Source, open_source, read_answers
from tracestitch.client_access import ClientAccess

NOWHERE = "http://127.0.0.1:1"


def files(tmp_path: Path, *payloads: bytes) -> list[Path]:
    made = [tmp_path / f"{number}.pb" for number in range(len(payloads))]
    for file, payload in zip(made, payloads, strict=True):
        file.write_bytes(payload)
    return made


def test_files_are_read_together(tmp_path: Path) -> None:
    given = files(tmp_path, request(span(id=1)), request(span(id=2, trace=2)))

    with open_source(given, NOWHERE, None, ClientAccess()) as source:
        seen = read_answers(source)

    assert (seen.spans, seen.traces) == (2, 2)
    assert source.places == (str(given[0]), str(given[1]))
    assert source.remarks == ()


def test_spans_that_do_not_count_are_remarked_on(tmp_path: Path) -> None:
    given = files(tmp_path, request(span(id=0), span(id=1)))

    with open_source(given, NOWHERE, None, ClientAccess()) as source:
        assert source.remarks == ("1 span had impossible ids or times and did not count.",)


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    good, bad = files(tmp_path, request(span()), b"hello")
    missing = tmp_path / "missing"

    with (
        pytest.raises(CheckFailure) as failure,
        open_source([bad, good, missing], NOWHERE, None, ClientAccess()),
    ):
        pytest.fail("a half-read source")
    assert failure.value.message.splitlines() == [
        f"{bad}, byte 0: not OTLP protobuf, OTLP JSON, Jaeger JSON or Zipkin v2 JSON.",
        f"Error: {missing}: cannot be read (No such file or directory).",
    ]


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b'{"resourceSpans": []}', "There are no spans in {}, so nothing was checked."),
        (
            request(span(id=0)),
            "There are no spans in {}, so nothing was checked. "
            "(1 span had impossible ids or times and did not count.)",
        ),
    ],
)
def test_a_source_without_spans_is_not_passed(payload: bytes, told: str, tmp_path: Path) -> None:
    given = files(tmp_path, payload)

    with (
        pytest.raises(CheckFailure) as failure,
        open_source(given, NOWHERE, None, ClientAccess()) as source,
    ):
        read_answers(source)
    assert failure.value.message == told.format(given[0])


def answering(*statuses: object) -> Source:
    """A server that says these, one after the other, and has nothing else."""
    left = list(statuses)

    def get(path: str, _: Mapping[str, str]) -> tuple[int, bytes]:
        name = path.rpartition("/")[2]
        told = left.pop(0) if name == "status" else {name: [], "next_cursor": None}
        return 200, json.dumps(told).encode()

    return Source(get, "there", ("there",))


def test_what_waits_for_the_analysis_is_waited_for() -> None:
    pauses: list[float] = []
    waiting, done = ({"spans": 3, "traces": 1, "pending_spans": left} for left in (2, 0))

    seen = read_answers(answering(waiting, waiting, done), pause=pauses.append)

    assert seen.spans == 3
    assert len(pauses) == 2


def test_an_analysis_that_does_not_come_to_an_end_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracestitch.check.sources._PATIENCE_SECONDS", -1.0)

    with pytest.raises(CheckFailure, match=r"2 spans of there still wait for the analysis\."):
        read_answers(answering({"spans": 3, "traces": 1, "pending_spans": 2}))


def working_out(times: int) -> Source:
    """A server that has its remarks on hand-overs when it was asked so often before."""
    left = [True] * times

    def get(path: str, _: Mapping[str, str]) -> tuple[int, bytes]:
        name = path.rpartition("/")[2]
        if name == "status":
            return 200, json.dumps({"spans": 3, "traces": 1, "pending_spans": 0}).encode()
        pending = bool(left.pop()) if name == "edges" and left else False
        told = {name: [], "notes_pending": pending, "next_cursor": None}
        return 200, json.dumps(told).encode()

    return Source(get, "there", ("there",))


@pytest.mark.parametrize(
    ("times", "pauses", "missing"), [(0, 0, False), (2, 2, False), (9, 4, True)]
)
def test_remarks_that_are_worked_out_are_asked_for_again_a_few_times(
    times: int, pauses: int, *, missing: bool
) -> None:
    paused: list[float] = []

    seen = read_answers(working_out(times), pause=paused.append)

    assert (len(paused), seen.remarks_pending) == (pauses, missing)


@pytest.mark.parametrize("status", [{}, [], None, 7])
def test_another_answer_than_a_status_is_one_sentence(status: object) -> None:
    with pytest.raises(click.ClickException, match="there does not answer as tracestitch"):
        read_answers(answering(status))
