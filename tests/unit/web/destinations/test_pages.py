"""The pages of destinations and their JSON."""

import re
from typing import Any

import pytest

from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.applications import application
from tests.web_client import WebClient
from web import overviews
from web.kept import KeptAnswers

SECOND = 1_000_000_000


def shop() -> Scene:
    """Twelve orders of which the ninth was received by nobody, and one dead letter."""
    scene = Scene()
    for number in range(1, 13):
        start = number * SECOND
        sent = scene.span(
            number, 1, name="orders publish", service="shop", start_time_unix_nano=start,
            end_time_unix_nano=start + 5,
        )  # fmt: skip
        scene.endpoint(sent, role="send", destination="orders", system="kafka")
        if number == 9:
            continue
        taken = scene.span(
            number, 2, name="orders process", service="payment", start_time_unix_nano=start + 50
        )
        scene.hand_over(
            sent, taken, destination="orders", system="kafka", wait_nano=45,
            consumer_start_time_unix_nano=start + 50,
        )  # fmt: skip
    dead = scene.span(20, 1, service="dlq-worker", start_time_unix_nano=13 * SECOND)
    send = scene.span(21, 1, service="payment", start_time_unix_nano=12 * SECOND)
    scene.hand_over(send, dead, destination="orders-dlq", system="kafka", dead_letter=True,
                    consumer_start_time_unix_nano=13 * SECOND)  # fmt: skip
    return scene


@pytest.fixture
def client() -> WebClient:
    return application(shop().store(), now=100 * SECOND)


def _names(text: str) -> list[str]:
    return re.findall(r'class="title" href="/destinations\?[^"]*">([^<]+)<', text)


def test_the_list_has_the_figures_of_each(client: WebClient) -> None:
    text = client.get("/destinations").text
    assert _names(text) == ["orders", "orders-dlq"]
    assert "shop → payment" in text
    assert "2 destinations" in text
    assert "1 message received by nobody" in text


def test_a_burst_is_no_rate_as_on_the_map(client: WebClient) -> None:
    found = client.get("/api/v1/destinations").json()["destinations"]
    (queue,) = [each for each in found if each["destination"] == "orders-dlq"]
    assert queue["per_second"] == round(1 / 60, 6)
    assert "1 / min" in client.get("/").text


@pytest.mark.parametrize(
    ("sort", "first"), [("count", "orders"), ("dead", "orders-dlq"), ("name", "orders")]
)
def test_the_list_is_sorted_by_links(client: WebClient, sort: str, first: str) -> None:
    text = client.get("/destinations", sort=sort).text
    assert _names(text)[0] == first
    assert "sort=p95" in text
    assert client.get("/destinations", sort="size").status_code == 400


def test_the_list_is_narrowed_by_names_of_destinations_and_services(client: WebClient) -> None:
    assert _names(client.get("/destinations", filter="DLQ").text) == ["orders-dlq"]
    assert _names(client.get("/destinations", filter="shop").text) == ["orders"]
    assert "No destination is like that" in client.get("/destinations", filter="zzz").text


def test_a_range_of_time_bounds_what_is_counted(client: WebClient) -> None:
    asked = {"from": str(3 * SECOND), "to": str(6 * SECOND)}
    (only,) = client.get("/api/v1/destinations", **asked).json()["destinations"]
    assert (only["count"], only["per_second"]) == (3, 1.0)
    assert _names(client.get("/destinations", **asked).text) == ["orders"]
    lately = client.get("/destinations", last="2s").text
    assert "counted back" not in lately  # something came just now
    assert _names(lately) == ["orders", "orders-dlq"]


@pytest.mark.parametrize("asked", [{"from": str(3 * SECOND)}, {"to": str(6 * SECOND)}])
def test_json_of_a_range_with_one_end_can_be_read(client: WebClient, asked: dict[str, str]) -> None:
    text = client.get("/destinations", **asked).text
    (address,) = re.findall(r'href="(/api/v1/destinations[^"]*)"', text)
    assert client.read(address).status_code == 200


def test_dead_letters_of_a_name_that_contains_this_one_are_not_its_own() -> None:
    scene = shop()
    taken = scene.span(40, 1, start_time_unix_nano=13 * SECOND)
    scene.hand_over(
        scene.span(41, 1), taken, destination="reorders-dlq", system="kafka", dead_letter=True
    )
    text = application(scene.store()).get("/destinations", name="orders").text
    assert "1 dead letter in orders-dlq" in text
    assert "reorders-dlq" not in text


def test_one_destination_tells_clients_waits_and_what_is_stuck(client: WebClient) -> None:
    found = client.get("/api/v1/destination", name="orders").json()["destination"]
    assert (found["count"], found["connected"], found["wait_p50_nano"]) == (11, 11, 45)
    assert sum(part["count"] for part in found["times"]) == 11
    assert {(each["role"], each["service_name"]) for each in found["clients"]} == {
        ("send", "shop"),
        ("process", "payment"),
    }
    (stuck,) = found["stuck"]
    assert (stuck["trace_id"], stuck["span_id"]) == (trace_hex(9), span_hex(1))
    assert stuck["waiting_nano"] == 4 * SECOND + 5  # until the newest span ended
    text = client.get("/destinations", name="orders").text
    assert f"/journeys?trace_id={trace_hex(9)}#span-{span_hex(1)}" in text
    assert "Received by nobody" in text
    assert "1 dead letter in orders-dlq" in text
    assert "<svg" in text


def test_nothing_is_stuck_where_a_delivery_without_producer_may_be_it() -> None:
    scene = shop()
    scene.endpoint(
        scene.span(30, 1, service="payment", start_time_unix_nano=10 * SECOND),
        role="process",
        destination="orders",
        system="kafka",
    )
    client = application(scene.store(), now=100 * SECOND)
    assert client.get("/api/v1/destination", name="orders").json()["destination"]["stuck"] == []


def test_destinations_of_one_name_are_told_apart() -> None:
    scene = Scene()
    for number, values in enumerate(
        ({"system": "kafka"}, {"system": "aws_sqs", "scope": "eu"}, {"system": "aws_sqs"}), 1
    ):
        told: dict[str, Any] = {"destination": "orders", "scope": None, **values}
        scene.hand_over(scene.span(number, 1), scene.span(number, 2), **told)
    client = application(scene.store())
    assert len(_names(client.get("/destinations", name="orders").text)) == 3
    assert client.get("/api/v1/destination", name="orders").status_code == 400
    for values, count in (
        ({"system": "aws_sqs", "scope": "eu"}, 1),
        ({"system": "aws_sqs"}, 1),
        ({"scope": "eu"}, 1),
    ):
        page = client.get("/destinations", name="orders", **values)
        assert page.text.count("<h2") >= count
        found = client.get("/api/v1/destination", name="orders", **values).json()["destination"]
        assert found["scope"] == values.get("scope")


def test_a_destination_that_nobody_reads_has_its_producers() -> None:
    scene = Scene()
    scene.endpoint(scene.span(1, 1, service="shop"), role="send", destination="audit")
    client = application(scene.store())
    found = client.get("/api/v1/destination", name="audit").json()["destination"]
    assert (found["count"], found["times"], len(found["clients"])) == (0, [], 1)
    text = client.get("/destinations", name="audit").text
    assert "No stored span takes from here" in text
    assert client.get("/search", q="audit").headers["location"] == "/destinations?name=audit"


def test_lists_of_the_api_are_paged(client: WebClient) -> None:
    first = client.get("/api/v1/destinations", limit="1").json()
    assert [each["destination"] for each in first["destinations"]] == ["orders"]
    rest = client.get("/api/v1/destinations", cursor=first["next_cursor"]).json()
    assert [each["destination"] for each in rest["destinations"]] == ["orders-dlq"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("destination?name=none", 404),
        ("destination", 400),
        ("destination?name=orders&system=none", 404),
        ("destinations?cursor=x", 400),
        ("destinations?from=2&to=1", 400),
    ],
)
def test_what_cannot_be_answered_is_an_error(client: WebClient, asked: str, status: int) -> None:
    assert client.get(f"/api/v1/{asked}").status_code == status


def test_what_takes_long_is_said_and_asked_again(
    client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "LARGE_SPANS", 0)
    monkeypatch.setattr(KeptAnswers, "get", lambda *_: None)
    answer = client.get("/destinations")
    assert answer.headers["refresh"] == "1"
    assert "Working it out" in answer.text


def test_a_destination_that_was_only_sent_to_was_never_seen_to_hand_over() -> None:
    scene = shop()
    lonely = scene.span(30, 1, service="shop", start_time_unix_nano=50 * SECOND)
    scene.endpoint(lonely, role="send", destination="audit", system="kafka")
    asked = application(scene.store(), now=100 * SECOND)
    found = asked.get("/api/v1/destination", name="audit").json()["destination"]
    assert (found["count"], found["first_seen"], found["last_seen"]) == (0, None, None)
    assert asked.get("/destinations", name="audit").status_code == 200
