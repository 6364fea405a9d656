"""Remarks on edges: in the JSON, on the map and on the destination's page; never an orphan."""

from typing import Any

import pytest

from tests.answer_builders import Scene
from tests.unit.web.applications import application
from tests.web_client import WebClient

LAMBDA = "opentelemetry.instrumentation.aws_lambda"


def serve(system: str, lost: int = 1, **consumer: Any) -> WebClient:
    """Three sends that somebody received, and `lost` between them that nobody did."""
    scene = Scene()
    place = {"system": system, "destination": "orders"}
    for number in range(3 + lost):
        start = 1_000 * (number + 1)
        send = scene.span(number + 1, 1, service="shop", start_time_unix_nano=start)
        told = {"sdk_language": "python", "scope_name": "opentelemetry.instrumentation.botocore"}
        scene.endpoint(send, "send", **place, **told)
        if not 1 <= number <= lost:
            arrival = start + 20
            taken = scene.span(100 + number, 1, service="pay", start_time_unix_nano=arrival)
            scene.endpoint(taken, "process", **place, **({"relation": "link"} | consumer))
            scene.hand_over(send, taken, **place)
    return application(scene.store())


def notes_of(client: WebClient) -> list[dict[str, Any]]:
    (edge,) = client.get("/api/v1/edges").json()["edges"]
    notes: list[dict[str, Any]] = edge["notes"]
    return notes


def test_an_answer_says_whether_its_notes_are_still_worked_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = serve("aws_sqs")
    assert client.get("/api/v1/edges").json()["notes_pending"] is False
    monkeypatch.setattr("web.kept.Kept.get", lambda *_: None)
    late = client.get("/api/v1/edges").json()

    assert (late["notes_pending"], late["edges"][0]["notes"]) == (True, [])


def test_an_edge_says_that_nobody_received_some_of_its_messages() -> None:
    client = serve("aws_sqs")

    (note,) = notes_of(client)
    assert (note["code"], note["count"], note["sends"]) == ("unreceived", 1, 4)
    assert note["example"]["trace_id"] == f"{1:016x}{2:016x}"
    assert "nobody received" in note["title"]
    assert note["fix"]
    assert client.get("/api/v1/orphans").json()["orphans"] == []


@pytest.mark.parametrize(
    ("system", "consumer", "code"),
    [
        ("aws_sns", {}, "S10"),
        ("aws_sns", {"scope_name": LAMBDA, "epoch_trace": True}, "X3"),
        ("aws_sqs", {"scope_name": LAMBDA, "epoch_trace": True}, "X3"),
        ("aws_sqs", {"scope_name": LAMBDA}, "unreceived"),
        ("kafka", {}, "unreceived"),
    ],
)
def test_the_remark_is_of_the_system_and_of_who_receives(
    system: str, consumer: dict[str, Any], code: str
) -> None:
    (note,) = notes_of(serve(system, **consumer))

    assert note["code"] == code


def test_the_fix_is_in_the_language_of_who_sends() -> None:
    (note,) = notes_of(serve("aws_sns"))

    assert "MessageAttributes=" in note["fix"]


def test_a_healthy_edge_has_no_remark() -> None:
    client = serve("aws_sqs", lost=0)

    assert notes_of(client) == []
    for page in ("/", "/destinations?name=orders"):
        assert "received by nobody" not in client.get(page).text
        assert "nobody received" not in client.get(page).text


def test_the_pages_say_it_and_lead_to_an_example_and_the_cause() -> None:
    client = serve("aws_sns")

    assert "1 received by nobody" in client.get("/").text
    assert "1 missing" in client.get("/").text
    page = client.get("/destinations?name=orders").text
    assert "1 message of the newest 4" in page
    assert f"/journeys?trace_id={1:016x}{2:016x}#span-{1:016x}" in page
    assert 'href="/causes/S10"' in page


def test_a_remark_on_hand_overs_is_no_message_that_nobody_received() -> None:
    scene = Scene()
    send = scene.span(1, 1, service="shop")
    taken = scene.span(2, 1, service="pay")
    told = '[{"code": "B1", "title": "Baggage was lost", "fix": "Keep it."}]'
    scene.hand_over(send, taken, notes=told)
    client = application(scene.store())

    (note,) = notes_of(client)
    assert (note["code"], note["count"], note["sends"]) == ("B1", 1, None)
    for page in ("/", "/destinations?name=orders"):
        text = client.get(page).text
        assert "unreceived" not in text
        assert "received by nobody" not in text
