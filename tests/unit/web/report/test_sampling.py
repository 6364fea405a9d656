"""Sampling gaps as JSON and as a page."""

import pytest

from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.applications import application
from tests.web_client import WebClient

REMOTE, SAMPLED = 0x300, 1


def serve(flags: int = REMOTE, own_flags: int = 0x100) -> WebClient:
    """Two deliveries from `orders`: the producer of one is stored, that of the other is not."""
    scene = Scene()
    send = scene.span(1, 1, service="shop")
    scene.endpoint(send, "send")
    for trace, target in ((2, 1), (3, 9)):
        taken = scene.span(trace, 1, service="pay <b>", flags=own_flags)
        scene.endpoint(taken, "process")
        scene.link(taken, target, 1, flags=flags)
    return application(scene.store())


def test_a_gap_has_the_identity_of_its_edge_and_what_is_absent() -> None:
    answer = serve().get("/api/v1/sampling").json()

    (gap,) = answer["sampling"]
    assert answer["next_cursor"] is None
    assert (gap["producer_service"], gap["destination"], gap["consumer_service"]) == (
        "shop",
        "orders",
        "pay <b>",
    )
    assert (gap["contexts"], gap["stored"], gap["absent"], gap["unknown"]) == (2, 1, 1, 1)
    assert gap["example"] == {"trace_id": trace_hex(3), "span_id": span_hex(1)}
    assert (gap["absent_share"], gap["sampling_ratio"]) == (0.5, None)


@pytest.mark.parametrize(
    ("flags", "own_flags", "verdict"),
    [
        (REMOTE | SAMPLED, 0x101, "lost"),
        (REMOTE, 0x101, "unsampled"),
        (REMOTE, 0x100, "unknown"),
    ],
)
def test_a_gap_says_what_it_means_and_what_to_do(flags: int, own_flags: int, verdict: str) -> None:
    client = serve(flags, own_flags)

    (gap,) = client.get("/api/v1/sampling").json()["sampling"]
    assert gap["verdict"] == verdict
    page = client.get("/sampling").text
    assert gap["meaning"].split(":")[0] in page
    assert "pay &lt;b&gt;" in page
    assert "1 of 2" in page


def test_without_a_gap_the_page_says_so() -> None:
    scene = Scene()
    scene.span(1, 1)
    client = application(scene.store())

    assert client.get("/api/v1/sampling").json()["sampling"] == []
    page = client.get("/sampling").text
    assert "Nothing is missing" in page
    assert "all stored spans" in page


def test_an_empty_store_misses_nothing_and_is_not_praised_for_it() -> None:
    client = application(Scene().store())

    assert "Nothing is stored yet" in client.get("/sampling").text
    assert "Waiting for the first span" in client.get("/status").text


def test_the_report_and_the_status_lead_there() -> None:
    client = serve()

    assert 'href="/sampling"' in client.get("/orphans").text
    assert 'href="/sampling"' in client.get("/status").text


def test_unknown_parameters_are_refused() -> None:
    assert serve().get("/api/v1/sampling?edge=1").status_code == 400
    assert serve().get("/sampling?limit=1").status_code == 400


def test_segments_of_xray_are_no_gap_of_ones_own() -> None:
    scene = Scene()
    taken = scene.span(2, 1, service="fn")  # at the time that the ids of the builders tell
    scene.link(taken, 9, 1, flags=REMOTE | SAMPLED)
    client = application(scene.store())

    (gap,) = client.get("/api/v1/sampling").json()["sampling"]
    assert (gap["verdict"], gap["xray_segment"]) == ("xray", 1)
    assert "exported to X-Ray alone" in client.get("/sampling").text


def test_the_page_says_what_part_of_the_absent_targets_is_what() -> None:
    scene = Scene()
    scene.endpoint(scene.span(1, 1, service="shop"), "send")
    sampled = REMOTE | SAMPLED
    for trace, target, flags in ((2, 1, sampled), (3, 7, sampled), (4, 8, sampled), (5, 9, REMOTE)):
        taken = scene.span(trace, 1, service="pay", flags=0x101)
        scene.endpoint(taken, "process")
        scene.link(taken, target, 1, flags=flags)
    page = application(scene.store()).get("/sampling").text
    assert "2 of 3 sampled, but lost" in page
    assert page.index("2 of 3") < page.index("1 of 3 not sampled")
