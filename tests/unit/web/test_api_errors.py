"""Bad requests get 400 with the parameter's name, unknown ids 404, both the same shape."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.answer_builders import Scene, trace_hex
from tests.unit.web.applications import application
from tests.web_client import WebClient

UNKNOWN = "f" * 32
LISTS = ["connections", "orphans", "orphans/groups", "edges", "search"]


def problem(client: WebClient, path: str, status: int) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == status, response.text
    answer = response.json()
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"message", "parameter"}
    assert answer["error"]["message"]
    return answer["error"]["parameter"]


@pytest.mark.parametrize(
    "path",
    [*LISTS, "status", "journeys", "correlation", "services", f"traces/{trace_hex(1)}"],
)
def test_an_unknown_parameter_is_named(client: WebClient, path: str) -> None:
    assert problem(client, f"{path}?colour=red", 400) == "colour"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.5", "ten", "1e2", "٣", "9" * 5000, "0x10"])
def test_a_bad_limit_is_refused(client: WebClient, path: str, limit: str) -> None:
    assert problem(client, f"{path}?limit={quote(limit)}", 400) == "limit"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor", ["x", "-1", "W10", "bnVsbA", "W251bGxd", "é", "٣", "9" * 5000, "computed-1", "' OR 1"]
)
def test_a_bad_cursor_is_refused(client: WebClient, path: str, cursor: str) -> None:
    assert problem(client, f"{path}?cursor={quote(cursor)}", 400) == "cursor"


@pytest.mark.parametrize("path", ["connections?", "orphans?", "journeys?", "traces/"])
@pytest.mark.parametrize(
    "trace",
    ["1", "g" * 32, "0" * 32, "f" * 31, "f" * 33, "0x" + "f" * 30, "é" * 32, " " + "f" * 31],
)
def test_a_malformed_trace_id_is_refused(client: WebClient, path: str, trace: str) -> None:
    asked = f"{path}trace_id={quote(trace)}" if path.endswith("?") else f"{path}{quote(trace)}"
    assert problem(client, asked, 400) == "trace_id"


@pytest.mark.parametrize("path", ["connections", "orphans", "search"])
@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "instant",
    [
        *("yesterday", "-1", "1.5", "2026-01-31", "2026-13-31T00:00:00Z", "2026-01-31T00:00:00"),
        *("2026-01-31T25:00:00Z", "2026-01-31T00:00:00+24:00", "9" * 19, "9" * 5000),
        *("1969-12-31T23:59:59Z", "9999-12-31T00:00:00Z", "٣", "NaN"),
    ],
)
def test_a_bad_instant_is_refused(client: WebClient, path: str, name: str, instant: str) -> None:
    assert problem(client, f"{path}?{name}={quote(instant)}", 400) == name


@pytest.mark.parametrize("path", ["connections", "orphans", "search"])
def test_from_later_than_to_is_refused(client: WebClient, path: str) -> None:
    assert problem(client, f"{path}?from=2&to=1", 400) == "from"
    assert problem(client, f"{path}?from=2026-01-31T00:00:01Z&to=1", 400) == "from"


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("connections?relation=guess", "relation"),
        ("connections?candidates=maybe", "candidates"),
        ("orphans?settled=1", "settled"),
        ("orphans?expected=no", "expected"),
        ("orphans/groups?settled=false", "settled"),
        ("search?status=broken", "status"),
        ("search?min_duration=long", "min_duration"),
        ("search?min_duration=-5s", "min_duration"),
        ("search?attribute=order.id", "attribute"),
        ("search?name=a%00b", "name"),
        ("journeys?attribute=order.id", "attribute"),
        ("journeys?attribute=%3D5", "attribute"),
        ("journeys?attribute=order.id%3D", "attribute"),
        ("journeys", "attribute"),
        (f"journeys?attribute=order.id%3DA&trace_id={trace_hex(1)}", "attribute"),
        ("journeys?attribute=order.id%3DA&attribute=order.id%3DB", "attribute"),
        ("connections?limit=1&limit=2", "limit"),
    ],
)
def test_a_bad_value_is_refused(client: WebClient, asked: str, parameter: str) -> None:
    assert problem(client, asked, 400) == parameter


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        (f"traces/{UNKNOWN}", "trace_id"),
        (f"journeys?trace_id={UNKNOWN}", "trace_id"),
        (f"connections?trace_id={UNKNOWN}", "trace_id"),
        (f"orphans?trace_id={UNKNOWN}", "trace_id"),
        ("journeys?attribute=order.id%3Dnothing", "attribute"),
        ("journeys?attribute=any.key%3Dnothing", "attribute"),
        ("search?attribute=order.id%3Dnothing", "attribute"),
        ("correlation?key=nothing", "key"),
        ("nothing", None),
        ("", None),
    ],
)
def test_what_nothing_carries_is_not_found(
    client: WebClient, asked: str, parameter: str | None
) -> None:
    assert problem(client, asked, 404) == parameter


HOSTILE = [
    *("'", '"', "\\", "$", "$.x", "a'; DROP TABLE spans; --", "%", "_", "é", "🙂", "\u202e"),
    *("{", "}", "[0]", "/", "~1", "a b", "<script>", "k" * 10_000, "=", "ключ", "\ud7ff"),
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["journeys", "search"])
def test_hostile_attributes_are_only_looked_for(client: WebClient, path: str, text: str) -> None:
    for attribute in (f"{text}=v", f"order.id={text}", f"{text}={text}"):
        response = client.get(f"/api/v1/{path}", attribute=attribute)
        expected = {200, 404} if path == "search" else {404}
        # an empty key is no key
        assert response.status_code in (expected if attribute[0] != "=" else {400})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_filters_find_nothing(client: WebClient, text: str) -> None:
    for path, name in (
        ("connections", "service"),
        ("connections", "destination"),
        ("orphans", "service"),
        ("orphans", "destination"),
        ("search", "name"),
    ):
        answer = client.get(f"/api/v1/{path}", **{name: text}).json()
        assert answer == {path if path != "search" else "traces": [], "next_cursor": None}


def test_an_empty_parameter_counts_as_not_given(client: WebClient) -> None:
    asked = "orphans?cause=&service=&destination=&from=&to=&settled=&expected=&limit=&cursor="
    assert len(client.get(f"/api/v1/{asked}").json()["orphans"]) == 1


def test_only_get_is_answered(client: WebClient) -> None:
    response = client.request("POST", "/api/v1/status")
    assert response.status_code == 405
    assert response.json()["error"]["parameter"] is None


def test_a_store_that_fails_is_503_with_its_sentence() -> None:
    store = Scene().store()
    store.close()
    response = application(store).get("/api/v1/status")
    assert response.status_code == 503
    assert response.json()["error"]["message"] == "The store is closed."


def test_a_fault_of_ours_is_500_with_the_same_shape_and_headers(
    client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("web.answers.status_answer", fail)
    response = client.get("/api/v1/status")
    assert response.status_code == 500
    assert response.json()["error"]["parameter"] is None
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
