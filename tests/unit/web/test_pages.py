"""The pages as HTML: redirects of the search box, errors, hostile text."""

import re

import pytest

from storage.memory import MemoryStore
from tests.answer_builders import STORED_AT, Scene, span_hex, trace_hex
from tests.unit.web.applications import GRACE_NANO, application, small_scene
from tests.web_client import WebClient


@pytest.fixture
def client() -> WebClient:
    return application(small_scene().store())


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("A", "/journeys?attribute=order.id=A"),
        ("order_id=A", "/journeys?attribute=order.id=A"),
        (trace_hex(2), f"/journeys?trace_id={trace_hex(2)}"),
        (span_hex(2), f"/traces/{trace_hex(1)}#span-{span_hex(2)}"),
        ("W", "/journeys?attribute=workflow.id=W"),
    ],
)
def test_the_search_box_leads_to_what_was_asked(client: WebClient, asked: str, target: str) -> None:
    answer = client.get("/search", q=asked)
    assert (answer.status_code, answer.headers["location"]) == (302, target)


@pytest.mark.parametrize("asked", ["nothing", "0" * 32, "0" * 16, "=", "f" * 16, "%"])
def test_what_leads_nowhere_gets_advice(client: WebClient, asked: str) -> None:
    answer = client.get("/search", q=asked)
    assert answer.status_code == 200
    assert "What to try" in answer.text


def test_a_span_name_finds_its_traces(client: WebClient) -> None:
    answer = client.get("/search", q="order.publish")
    assert trace_hex(1) in answer.text


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        (f"/traces/{'0' * 31}9", 404, "No stored span belongs to trace"),
        ("/traces/abc", 400, "32 hex digits"),
        ("/journeys?attribute=order.id=never", 404, "No stored span carries order.id = never"),
        ("/journeys", 400, "Give either attribute=key=value or trace_id"),
        ("/orphans/0123456789ab", 404, "This group is gone"),
        ("/orphans/of-x-y", 400, "32 hex digits"),
        ("/destinations?name=none", 404, "No stored message went through"),
        ("/search?min_duration=soon", 400, "duration"),
        ("/status?a=1", 400, "Unknown parameter"),
        (f"/spans/{'0' * 31}1/{'0' * 15}1", 404, "No stored span belongs to trace"),
        ("/nothing", 404, "There is nothing at /nothing"),
    ],
)
def test_a_reader_gets_errors_as_pages_that_say_what_to_try(
    client: WebClient, address: str, status: int, words: str
) -> None:
    answer = client.read(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text
    assert "What to try" in answer.text


def test_machines_get_errors_as_json(client: WebClient) -> None:
    assert client.read("/api/v1/traces/abc").json()["error"]["parameter"] == "trace_id"
    assert client.get("/traces/abc").json()["error"]["parameter"] == "trace_id"


def test_a_young_orphan_root_may_still_connect_and_is_not_broken_yet() -> None:
    store = small_scene().store()
    for now, hopeful in ((STORED_AT + GRACE_NANO, True), (STORED_AT + GRACE_NANO + 1, False)):
        report = application(store, now).get("/orphans").text
        assert ("may still connect" in report) is hopeful


def test_the_map_does_not_claim_that_all_connect_while_roots_may_still() -> None:
    store = small_scene().store()
    for now, headline, sentence in (
        (STORED_AT + GRACE_NANO, "No edge is broken yet", "No edge broken now, 1 may still"),
        (STORED_AT + GRACE_NANO + 1, "1 edge is broken now", "1 edge broken now, 1 healthy"),
    ):
        web = application(store, now)
        assert headline in web.get("/").text
        assert sentence in web.get("/orphans").text


def test_an_empty_store_says_where_to_send_spans() -> None:
    text = application(MemoryStore()).get("/").text
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317" in text
    for address in ("/orphans", "/search", "/destinations", "/status"):
        assert application(MemoryStore()).get(address).status_code == 200


HOSTILE = "<script>alert(1)</script>\"'&\u202e"


def hostile_scene() -> Scene:
    scene = Scene()
    send = scene.span(1, 1, name=HOSTILE, service="<b>s</b>", order="<i>")
    read = scene.span(
        2,
        1,
        name="r" * 5000,
        service="<b>t</b>",
        error=True,
        attributes=r'{"<u>":"\ud800</script>","deep":[[1]],"big":123456789012345678901}',
    )
    scene.event(read, name="exception", attributes='{"exception.type":7,"exception.message":null}')
    scene.hand_over(
        send,
        read,
        destination="<q>",
        evidence='[{"field": "<f>", "producer": null, "consumer": "<c>"}]',
    )
    scene.orphan(read, destination="<q>", cause_title="<t>", cause_fix="</pre><script>")
    return scene


def test_text_of_others_is_never_markup() -> None:
    client = application(hostile_scene().store())
    pages = ["/", "/orphans", "/search", "/destinations", "/destinations?name=<q>"]
    pages += [f"/orphans/of-{trace_hex(2)}-{span_hex(1)}", f"/traces/{trace_hex(1)}"]
    pages += [f"/journeys?trace_id={trace_hex(1)}", f"/spans/{trace_hex(2)}/{span_hex(1)}"]
    for address in pages:
        answer = client.read(address)
        if answer.status_code == 302:
            answer = client.read(answer.headers["location"])
        assert answer.status_code == 200, address
        for markup in ("<script>", "<b>s", "<i>", "<q>", "<f>", "<t>", "<u>", "style="):
            found = answer.text.replace('<i class="dot', "")
            assert markup not in found, (address, markup)


def test_the_report_leads_to_the_candidates_of_a_root_without_producer() -> None:
    scene = Scene()
    scene.span(1, 1)
    read = scene.span(2, 1, name="order.process")
    proof = ("parent_span_id", "messaging.message.id", "producers")
    told = ", ".join(f'{{"field": "{f}", "value": "v", "meaning": "says {f}"}}' for f in proof)
    scene.orphan(read, evidence=f"[{told}]")
    client = application(scene.store())
    address = client.read(f"/orphans/of-{trace_hex(2)}-{span_hex(1)}").headers["location"]
    asked = f"/candidates/{trace_hex(2)}/{span_hex(1)}"
    assert asked in client.read(address).text
    assert f"trace_id={trace_hex(2)}&amp;relation=stitch" in client.read(asked).text
    assert client.read(asked).status_code == 200
    assert "says producers" in client.read("/orphans").text


def test_examples_of_a_group_are_named_by_the_orders_that_people_know() -> None:
    client = application(small_scene().store())
    address = client.read(f"/orphans/of-{trace_hex(3)}-{span_hex(1)}").headers["location"]
    order = f'href="/journeys?attribute=order.id=A#span-{span_hex(1)}" title="order.id">A</a>'
    assert order in client.read(address).text


def test_a_producer_that_is_drawn_is_not_called_unsure() -> None:
    scene = Scene()
    sent = scene.span(1, 1, name="order.publish")
    read = scene.span(2, 1, name="order.process")
    scene.orphan(read)
    asked = f"/candidates/{trace_hex(2)}/{span_hex(1)}"
    scene.hand_over(sent, read, relation="stitch", rule="message-id", confidence=0.5)
    assert "It is not sure enough" in application(scene.store()).get(asked).text
    scene.hand_over(sent, read, relation="stitch", rule="message-id", confidence=0.98)
    text = application(scene.store()).get(asked).text
    assert "order.publish of" in text
    assert "sent this message" in text
    assert "sure enough to be drawn: what" not in text


def candidates_of(scene: Scene) -> str:
    """Page of the candidates of trace 2, span 1."""
    asked = f"/candidates/{trace_hex(2)}/{span_hex(1)}"
    return re.sub("<[^>]*>", "", application(scene.store()).get(asked).text)


def test_candidates_say_on_which_side_of_the_message_they_are() -> None:
    scene = Scene()
    read = scene.span(2, 1, name="order.process")
    scene.orphan(read)
    for number, wait in ((3, 5_000_000), (4, -5_820_000), (5, None)):
        sent = scene.span(number, 1, name="order.publish")
        told = {"rule": "message-id", "confidence": 0.5, "wait_nano": wait}
        scene.hand_over(sent, read, relation="stitch", **told)
    text = candidates_of(scene)
    for said in ("5 ms before it", "5.82 ms after it", "not known", "None of them is sure"):
        assert said in text


def test_a_root_that_is_a_send_has_no_candidates_and_is_said_to_have_sent() -> None:
    scene = Scene()
    scene.endpoint(scene.span(3, 1, name="order.publish"), "send")
    root = scene.span(2, 1, name="totals.publish", start_time_unix_nano=100)
    scene.orphan(root, facts='{"part": "send", "own_destination": "orders"}', cause_code="K5")
    text = candidates_of(scene)
    assert "totals.publish sent this message itself" in text
    assert "What is missing" in text
    assert "order.publish" not in text
    client = application(scene.store())
    group = client.read(f"/orphans/of-{trace_hex(2)}-{span_hex(1)}").headers["location"]
    page = client.read(group).text
    assert "the span itself" in page
    assert "/candidates/" not in page


def test_pages_need_nothing_that_their_policy_forbids(client: WebClient) -> None:
    text = client.get(f"/journeys?trace_id={trace_hex(1)}").text
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text


def test_a_part_of_a_span_has_no_frame(client: WebClient) -> None:
    text = client.get(f"/spans/{trace_hex(2)}/{span_hex(1)}?part=true").text
    assert "<html" not in text
    assert "order.process" in text


def test_a_journey_of_many_spans_is_read_page_by_page() -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    for number in range(2, 301):
        scene.span(1, number, parent=number // 2)
    asked, seen = application(scene.store()), []
    address: str | None = "/journeys?attribute=order.id=A"
    while address:
        text = asked.get(address).text
        seen += re.findall(r'id="(span-\w+)"', text)
        address = (re.findall(r'</span>\s*<a href="([^"]+)">rows', text) or [None])[0]
        address = address.replace("&amp;", "&") if address else None
    assert len(seen) == len(set(seen)) == 300


def test_traces_that_no_message_joins_are_said_to_carry_the_same_id() -> None:
    scene = Scene()
    scene.span(1, 1, order="A")
    alone = application(scene.store()).get("/journeys", attribute="order.id=A").text
    scene.span(1, 2, parent=1)
    two = application(scene.store()).get("/journeys", attribute="order.id=A").text
    scene.span(2, 1, order="A")
    both = application(scene.store()).get("/journeys", attribute="order.id=A").text
    assert "It is one span. No hand-over of a message is known." in alone
    assert "They are spans of one trace. No hand-over of a message is known." in two
    assert "They carry the same id. No hand-over of a message is known." in both
