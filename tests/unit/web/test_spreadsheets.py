"""CSV as RFC 4180 has it, and nothing in it that a spreadsheet would run."""

import csv
import io

import pytest

from tests.answer_builders import Scene, trace_hex
from tests.unit.web.applications import application
from tests.web_client import WebClient
from web.spreadsheets import GROUP_COLUMNS, ORPHAN_COLUMNS, write_csv

ROOTS, GROUPS = "/api/v1/orphans.csv", "/api/v1/orphans/groups.csv"


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def broken_scene(count: int, destination: str = "orders") -> Scene:
    scene = Scene()
    for trace in range(1, count + 1):
        scene.orphan(scene.span(trace, 1), destination=destination, cause_fix='say "a", b\nend')
    return scene


def test_every_root_is_there_however_many_pages_the_api_gives() -> None:
    answer = application(broken_scene(2_345).store()).get(ROOTS)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="orphans.csv"'
    rows = read(answer.text)
    assert sorted(row["trace_id"] for row in rows) == [trace_hex(n) for n in range(1, 2_346)]


def test_lines_end_and_texts_are_quoted_as_the_standard_says() -> None:
    text = application(broken_scene(1).store()).get(ROOTS).text
    header, rest = text.split("\r\n", 1)
    assert header.split(",")[:3] == ["trace_id", "span_id", "start_time"]
    assert '"say ""a"", b\nend"\r\n' in rest
    (row,) = read(text)
    assert row["cause_fix"] == 'say "a", b\nend'
    assert (row["cause_code"], row["other_causes"], row["expected"]) == ("S1", "S2", "false")
    assert row["start_time"] == "1970-01-01T00:00:00.000000001Z"
    assert row["producer_trace_id"] == ""


def test_groups_have_their_state_and_times() -> None:
    text = application(broken_scene(3).store()).get(GROUPS).text
    (row,) = read(text)
    assert (row["state"], row["count"], row["connected"]) == ("broken", "3", "0")
    assert row["healed_since"] == ""
    assert list(row) == [name.replace(".", "_") for name in GROUP_COLUMNS]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_a_cell_that_begins_like_a_formula_is_text(start: str) -> None:
    hostile = f"{start}cmd|' /C calc'!A0"
    client = application(broken_scene(1, hostile).store())
    for address in (ROOTS, GROUPS):
        (row,) = read(client.get(address).text)
        assert row["destination"] == f"'{hostile}"


def test_text_that_has_no_utf8_form_does_not_break_the_file() -> None:
    (_, line) = write_csv(["fix"], [{"fix": "a\ud800b"}])
    assert line == b"a?b\r\n"


@pytest.mark.parametrize(("address", "columns"), [(ROOTS, ORPHAN_COLUMNS), (GROUPS, GROUP_COLUMNS)])
def test_an_empty_list_has_its_header(address: str, columns: tuple[str, ...]) -> None:
    text = application(Scene().store()).get(address).text
    assert text == ",".join(name.replace(".", "_") for name in columns) + "\r\n"


@pytest.mark.parametrize(
    ("asked", "status", "parameter"),
    [
        ("cause=ZZ", 400, "cause"),
        ("limit=3", 400, "limit"),
        ("state=gone", 400, "state"),
        ("from=soon", 400, "from"),
    ],
)
def test_a_wrong_filter_is_refused_before_the_file_begins(
    asked: str, status: int, parameter: str
) -> None:
    client: WebClient = application(broken_scene(1).store())
    for address in (ROOTS, GROUPS):
        answer = client.get(f"{address}?{asked}")
        assert answer.status_code == status
        assert answer.json()["error"]["parameter"] == parameter


def test_a_trace_that_is_not_stored_is_not_found() -> None:
    answer = application(broken_scene(1).store()).get(f"{ROOTS}?trace_id={trace_hex(9)}")
    assert answer.status_code == 404
