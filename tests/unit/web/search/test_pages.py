"""The search page and its JSON: filters, journeys before traces, what the box leads to."""

import re

import pytest

from storage.memory import MemoryStore
from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.applications import application, small_scene
from tests.web_client import WebClient

MINUTE = 60_000_000_000
NEWEST = 100 * MINUTE


@pytest.fixture
def client() -> WebClient:
    return application(small_scene().store())


def shop() -> Scene:
    """Orders A (two traces, the second failed), B (fast) and an old C."""
    scene = Scene()
    start = NEWEST - MINUTE
    one = scene.span(
        1, 1, name="POST /orders", service="order-service", order="A", start_time_unix_nano=start
    )
    scene.says(one, "workflow.id", "W")
    two = scene.span(
        2, 2, name="order.process", service="payment-service", order="A", error=True,
        start_time_unix_nano=start + 5, end_time_unix_nano=NEWEST,
    )  # fmt: skip
    scene.says(two, "workflow.id", "W")
    scene.span(
        3, 3, name="POST /orders", service="order-service", order="B",
        attributes={"tenant": "T 1"}, start_time_unix_nano=start + 9,
    )  # fmt: skip
    scene.span(4, 4, name="old", service="order-service", order="C", start_time_unix_nano=5)
    scene.span(5, 5, name="GET /health", start_time_unix_nano=start - 30 * MINUTE)
    return scene


def _rows(text: str) -> list[str]:
    return re.findall(r'class="title" href="([^"]+)"', text)


def test_journeys_come_first_and_name_the_work_before_the_traces() -> None:
    text = application(shop().store()).read("/search").text
    assert _rows(text)[:3] == [
        "/journeys?attribute=order.id=B",
        "/journeys?attribute=order.id=A",
        "/journeys?attribute=order.id=C",
    ]
    assert _rows(text)[3] == f"/traces/{trace_hex(3)}"
    assert "5 traces" in text
    assert "of 3 journeys" in text
    assert "1 failed span" in text
    assert "workflow.id" in text  # beside order A, not a journey of its own


def test_a_journey_tells_all_traces_that_carry_the_id_not_only_the_found_ones() -> None:
    client = application(shop().store())
    found = client.get("/api/v1/search", journeys="true", name="order.process").json()
    (journey,) = found["journeys"]
    assert (journey["key"], journey["value"]) == ("order.id", "A")
    assert journey["trace_ids"] == [trace_hex(1), trace_hex(2)]
    assert journey["services"] == ["order-service", "payment-service"]
    assert (journey["error_count"], journey["span_count"]) == (1, 2)
    assert journey["duration_nano"] == MINUTE
    assert journey["other_ids"] == [{"key": "workflow.id", "value": "W"}]
    assert journey["complete"] is True


def test_the_id_that_was_asked_for_names_its_journey() -> None:
    client = application(shop().store())
    found = client.get("/api/v1/search", journeys="true", attribute="workflow.id=W").json()
    assert [(each["key"], each["value"]) for each in found["journeys"]] == [("workflow.id", "W")]


def test_an_id_that_very_many_traces_carry_is_told_of_the_found_ones_only() -> None:
    scene = Scene()
    for number in range(1, 70):
        scene.span(number, number, order="constant", start_time_unix_nano=number)
    client = application(scene.store())
    found = client.get("/api/v1/search", journeys="true", limit="5").json()
    (journey,) = found["journeys"]
    assert (len(journey["trace_ids"]), journey["complete"]) == (5, False)
    assert "of very many" in client.get("/search").text


def test_orphan_roots_and_dead_letters_of_a_journey_are_counted(client: WebClient) -> None:
    found = client.get("/api/v1/search", journeys="true").json()
    journey = next(each for each in found["journeys"] if each["value"] == "A")
    assert (journey["orphans"], journey["dead_letters"]) == (1, 0)
    assert "1 orphan root" in client.get("/search").text


@pytest.mark.parametrize(
    ("filters", "traces"),
    [
        ({"name_contains": "ORDER"}, [3, 2, 1]),
        ({"name": "order.process"}, [2]),
        ({"service": "payment-service"}, [2]),
        ({"attribute": "tenant=T 1"}, [3]),
        ({"attribute": "service.name=none"}, []),
        ({"problem": "error"}, [2]),
        ({"problem": "orphan"}, []),
        ({"status": "unset", "problem": "error"}, []),
        ({"min_duration": "1s"}, [2]),
        ({"max_duration": "1s", "service": "payment-service"}, []),
        ({"last": "15m"}, [3, 2, 1]),
        ({"last": "1h"}, [3, 2, 1, 5]),
        ({"from": str(NEWEST), "to": str(NEWEST + 1)}, []),
    ],
)
def test_the_page_and_its_json_filter_alike(filters: dict[str, str], traces: list[int]) -> None:
    client = application(shop().store(), now=NEWEST)
    page = client.get("/search", **filters)
    assert [each for each in _rows(page.text) if each.startswith("/traces")] == [
        f"/traces/{trace_hex(number)}" for number in traces
    ]
    link = re.search(r'href="(/api/v1/search[^"]*)"', page.text)
    assert link is not None
    answer = client.read(link[1].replace("&amp;", "&")).json()
    assert [each["trace_id"] for each in answer["traces"]] == [trace_hex(n) for n in traces]
    assert "journeys" in answer


def test_the_page_tells_what_was_asked_for(client: WebClient) -> None:
    text = client.get("/search", service="none", min_duration="250ms", max_duration="2s").text
    assert "service none, at least 250 ms, at most 2 s" in text


def test_several_attributes_are_repeated_parameters(client: WebClient) -> None:
    both = "attribute=order.id%3DA&attribute=workflow.id%3DW"
    assert client.read(f"/api/v1/search?{both}").json()["traces"] == []
    text = client.read(f"/search?{both}").text
    assert 'value="order.id=A"' in text
    assert 'value="workflow.id=W"' in text
    assert text.count('name="attribute"') == 3


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("last=soon", "last"),
        ("last=1h&from=1", "last"),
        ("scan=0", "scan"),
        ("scan=many", "scan"),
        ("problem=bad", "problem"),
        ("max_duration=-1", "max_duration"),
        ("&".join(f"attribute=a{n}%3D1" for n in range(11)), "attribute"),
        ("cursor=x", "cursor"),
    ],
)
def test_bad_filters_are_refused(client: WebClient, asked: str, parameter: str) -> None:
    answer = client.get(f"/search?{asked}")
    assert (answer.status_code, answer.json()["error"]["parameter"]) == (400, parameter)


def test_pages_follow_one_another_with_all_filters_kept() -> None:
    scene = Scene()
    for number in range(1, 40):
        scene.span(number, number, name="step", service="a&b", start_time_unix_nano=number)
    client = application(scene.store())
    address, seen = "/search?service=a%26b&name_contains=st", []
    for _ in range(3):
        text = client.read(address).text
        seen += [each for each in _rows(text) if each.startswith("/traces")]
        link = re.search(r'href="([^"]+)">Older traces', text)
        if link is None:
            break
        assert "newest first, back to" in text
        address = link[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 39


def test_what_is_not_found_says_what_was_tried(client: WebClient) -> None:
    text = client.get("/search", q="nothing-of-this").text
    assert "Nothing stored is called nothing-of-this" in text
    assert "a value of every correlation key" in text
    assert "a trace id," not in text.split("What to try")[0]
    text = client.get("/search", q="f" * 32).text
    assert "Looked for it as a trace id" in text


def test_what_can_be_several_things_lists_them() -> None:
    scene = Scene()
    scene.says(scene.span(1, 1), "order.id", "7")
    scene.says(scene.span(2, 2), "job.id", "7")
    text = application(scene.store()).get("/search", q=" '7' ").text
    assert _rows(text) == ["/journeys?attribute=job.id=7", "/journeys?attribute=order.id=7"]


def test_keys_that_the_same_traces_carry_are_one_thing() -> None:
    scene = Scene()
    span = scene.span(1, 1)
    scene.says(span, "order.id", "7")
    scene.says(span, "correlation.id", "7")
    answer = application(scene.store()).get("/search", q="7")
    assert answer.headers["location"] == "/journeys?attribute=correlation.id=7"


def order_with_a_message_key() -> Scene:
    """Order 7 in two traces; the key of its Kafka record, the same value, in the first."""
    scene = Scene()
    first = scene.span(1, 1, order="7")
    scene.says(first, "messaging.kafka.message.key", "7")
    scene.span(2, 2, order="7")
    return scene


def test_a_key_of_some_of_the_traces_is_no_second_thing() -> None:
    client = application(order_with_a_message_key().store())
    answer = client.get("/search", q="7")
    assert answer.headers["location"] == "/journeys?attribute=order.id=7"
    found = client.get("/api/v1/search", journeys="true").json()
    assert [(each["key"], each["value"]) for each in found["journeys"]] == [("order.id", "7")]


def test_a_key_that_was_asked_for_or_reaches_elsewhere_is_a_thing_of_its_own() -> None:
    scene = order_with_a_message_key()
    client = application(scene.store())
    asked = {"journeys": "true", "attribute": "messaging.kafka.message.key=7"}
    found = client.get("/api/v1/search", **asked).json()["journeys"]
    assert "messaging.kafka.message.key" in {each["key"] for each in found}
    scene.says(scene.span(3, 3), "messaging.kafka.message.key", "7")
    text = application(scene.store()).get("/search", q="7").text
    assert len(_rows(text)) == 2


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        (f"00-{trace_hex(1)}-{span_hex(2)}-01", f"/traces/{trace_hex(1)}#span-{span_hex(2)}"),
        (f"00-{trace_hex(1)}-{span_hex(9)}-01", f"/journeys?trace_id={trace_hex(1)}"),
        (trace_hex(1).upper(), f"/journeys?trace_id={trace_hex(1)}"),
        ("m-1", f"/journeys?trace_id={trace_hex(1)}"),
        ("ORDER-SERVICE", "/search?service=order-service"),
        ("http://elsewhere:8080/orphans?state=broken", "/orphans?state=broken"),
        ("'A'", "/journeys?attribute=order.id=A"),
    ],
)
def test_the_box_knows_ids_in_every_dress(client: WebClient, asked: str, target: str) -> None:
    answer = client.get("/search", q=asked)
    assert (answer.status_code, answer.headers["location"]) == (302, target)


def test_an_attribute_that_is_no_key_leads_to_its_journey_where_it_is_stored() -> None:
    client = application(shop().store())
    answer = client.get("/search", q="tenant=T 1")
    assert answer.headers["location"] == "/journeys?attribute=tenant=T%201"
    assert "Looked for it as an attribute" in client.get("/search", q="tenant=T 2").text


def test_a_kafka_record_is_found_by_its_place() -> None:
    scene = Scene()
    span = scene.span(1, 1)
    scene.message(span, destination_name="orders", kafka_partition=3, kafka_offset=1042)
    answer = application(scene.store()).get("/search", q="orders-3@1042")
    assert answer.headers["location"] == f"/journeys?trace_id={trace_hex(1)}"


def test_quick_choices_count_back_from_the_newest_span_of_a_store_that_rests() -> None:
    store = shop().store()
    rests = application(store, now=NEWEST * 50).get("/search", last="15m").text
    assert "counted back from the newest span stored" in rests
    lives = application(store, now=NEWEST + MINUTE).get("/search", last="15m").text
    assert "counted back" not in lives


def test_a_search_in_an_empty_store_says_so_and_what_to_do() -> None:
    client = application(MemoryStore())
    for address in ("/search", "/search?q=ORD-1", "/search?attribute=order.id=7"):
        text = client.read(address).text
        assert "<h1>Nothing is stored yet</h1>" in text
        assert '<a class="plain" href="/">The start page</a>' in text
        assert "No trace matches" not in text
