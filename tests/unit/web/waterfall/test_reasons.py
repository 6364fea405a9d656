"""How hand-overs are known, said once for those that are known alike."""

from collections.abc import Iterable
from typing import cast

from storage.contract import SpanStore
from tests.answer_builders import Scene
from tests.golden.recordings import open_recording
from tests.unit.web.applications import application
from web.shapes import Connection
from web.waterfall.relations import MOST_LISTED, ReasonView, group_reasons, view_reason


def reasons(store: SpanStore, **asked: str) -> Iterable[ReasonView]:
    found = application(store).get("/api/v1/connections", limit="1000", **asked).json()
    return [view_reason(cast("Connection", each), cut=False) for each in found["connections"]]


def fan_out(times: int) -> SpanStore:
    scene = Scene()
    for number in range(times):
        sent = scene.span(1, 2 * number + 1, name="send", service="shop", order="A")
        read = scene.span(1, 2 * number + 2, name="read", service="stock", order="A")
        scene.hand_over(sent, read)
    other = scene.span(1, 999, name="read", service="audit", order="A")
    scene.hand_over(scene.span(1, 998, name="send", service="shop"), other)
    return scene.store()


def test_hand_overs_that_are_known_alike_are_one_group() -> None:
    groups = group_reasons(reasons(fan_out(20)))
    assert sorted(group.count for group in groups) == [1, 20]
    large = max(groups, key=lambda group: group.count)
    assert len(large.members) == MOST_LISTED
    assert {each.consumer["service_name"] for _, each in large.members} == {"stock"}


def test_none_is_lost_and_each_keeps_its_number() -> None:
    given = list(reasons(fan_out(5)))
    groups = group_reasons(given)
    assert sum(group.count for group in groups) == len(given)
    for group in groups:
        assert all(given[number] is each for number, each in group.members)


def test_the_page_says_how_often_and_lists_the_evidence_once_each() -> None:
    text = application(fan_out(20)).read("/journeys?attribute=order.id=A").text
    why = text.partition('id="why"')[2]
    assert why.count("<details") == 2
    assert "20 times" in why
    assert "and 8 more alike" in why


def test_a_journey_whose_producer_was_not_sampled_says_what_is_missing() -> None:
    store = open_recording("pipeline_producer_unsampled")[0]
    client = application(store)
    (root, *_) = client.get("/api/v1/orphans", cause="P1").json()["orphans"]
    assert root["producer"] is None
    text = client.read(f"/journeys?trace_id={root['trace_id']}").text
    facts = text.partition('<div class="facts">')[2].partition("</div>")[0]
    assert '<span class="chip">incomplete</span>' in facts
    assert "What sent payment-service its message is not stored: " in text
    assert f'href="/orphans/of-{root["trace_id"]}-{root["span_id"]}">P1 · The producer' in text
    assert "incomplete</span>" not in client.read("/journeys?attribute=order.id=ORD-1001").text


def test_an_id_that_several_keys_carry_is_named_once_beside_a_journey() -> None:
    store = open_recording("pipeline_producer_unsampled")[0]
    client = application(store)
    (root, *_) = client.get("/api/v1/orphans", cause="P1").json()["orphans"]
    text = client.read(f"/journeys?trace_id={root['trace_id']}").text
    heading = text.partition("<h1")[2].partition("</h1>")[0]
    facts = text.partition('<div class="facts">')[2].partition("</div>")[0]
    assert "ORD-" in heading
    assert "ORD-" not in facts
