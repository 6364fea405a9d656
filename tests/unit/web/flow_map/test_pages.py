"""The first page and the page about the server, as HTML."""

import re

import pytest

from storage.contract import Page
from storage.memory import MemoryStore
from tests.answer_builders import STORED_AT, Scene
from tests.golden.recordings import NAMES, open_recording
from tests.unit.web.applications import GRACE_NANO, application, small_scene
from web.answers import edges_answer
from web.flow_map.drawing import draw_map
from web.flow_map.flows import choose_edges, collect_flows
from web.flow_map.remarks import read_remarks
from web.flow_map.reports import find_reports, unread_sends
from web.monitoring.running import read_running
from web.report.pages import whole_report
from web.site import Site

LATE = 2**62


def text_of(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))


@pytest.mark.parametrize("name", NAMES)
def test_the_map_counts_broken_edges_as_the_report_does(name: str) -> None:
    store = open_recording(name)[0]
    report = whole_report(Site(store, clock=lambda: LATE))
    edges = edges_answer(store, Page(1000), read_remarks(store))["edges"]
    unread = unread_sends(report.broken, edges)
    reports = find_reports(report.broken, [*edges, *unread])
    flows = collect_flows(
        choose_edges(edges, reports, None, everything=False), reports, unread=unread
    )
    assert draw_map(flows, {}).broken == report.broken_edges


def test_the_first_page_tells_the_state_of_ingest_analysis_and_storage() -> None:
    told = text_of(application(small_scene().store()).get("/").text)
    for part in ("Ingest ", "spans/s", "Analysis ", "Store 4 spans", "Newest span "):
        assert part in told


def test_a_server_that_cannot_take_spans_says_so_on_the_first_page() -> None:
    def stopped() -> None:
        raise RuntimeError("OTLP/gRPC does not listen any more.")

    running = read_running(Site(MemoryStore(), ready=stopped))
    assert running.problem == "OTLP/gRPC does not listen any more."
    assert running.spans_per_second is None


def test_a_service_in_the_address_is_in_focus() -> None:
    client = application(small_scene().store())
    focused = client.get("/", service="payment-service").text
    assert 'class="drawing focused"' in focused
    assert "In focus: payment-service ." in text_of(focused)
    assert "/orphans?service=payment-service" in focused
    assert 'class="drawing"' in client.get("/").text


def test_a_service_that_nobody_knows_fades_all_and_leads_back() -> None:
    page = application(small_scene().store()).get("/", service="<b>no such</b>")
    assert page.status_code == 200
    assert "<b>no such" not in page.text
    assert 'near"' not in page.text


def test_a_parameter_that_the_first_page_does_not_know_is_refused() -> None:
    assert application(small_scene().store()).get("/", services="a").status_code == 400


def many_edges(count: int) -> Scene:
    scene = Scene()
    for number in range(count):
        sent = scene.span(2 * number + 1, 1, service=f"sender-{number % 9}")
        read = scene.span(2 * number + 2, 1, service=f"reader-{number % 7}")
        scene.hand_over(sent, read, destination=f"topic-{number}")
    return scene


@pytest.mark.parametrize(("asked", "drawn"), [({}, 60), ({"all": "true"}, 70)])
def test_of_very_many_hand_overs_the_first_page_draws_a_part(
    asked: dict[str, str], drawn: int
) -> None:
    page = application(many_edges(70).store()).get("/", **asked).text
    assert page.count('class="node destination') == drawn
    assert ("60 of 70 hand-overs" in text_of(page)) is (not asked)
    assert ('href="/?all=true"' in page) is (not asked)


def test_a_young_orphan_root_does_not_break_an_edge_of_the_map() -> None:
    store = small_scene().store()
    for now, broken in ((STORED_AT + GRACE_NANO, 0), (STORED_AT + GRACE_NANO + 1, 1)):
        assert application(store, now).get("/").text.count('class="edge broken') == broken


def test_the_status_page_tells_the_same_in_detail() -> None:
    told = text_of(application(small_scene().store()).get("/status").text)
    for part in ("spans/s", "not yet taken into account", "OTLP HTTP", "on disk nothing"):
        assert part in told


def test_the_status_page_says_batches_and_not_generations() -> None:
    text = application(small_scene().store()).read("/status").text
    assert "stored batches analysed</td><td>" in text
    assert "generation<" not in text
