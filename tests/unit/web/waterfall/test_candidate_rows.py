"""Candidates of an orphan root on the pages of journeys and traces."""

import re

from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.applications import application
from web.journeys.candidates import MOST_STORED

ROOT = 100  # the trace of the orphan root


def page_of(confidence: float, sends: int = 1, *, orphan: bool = True) -> str:
    scene = Scene()
    root = scene.span(ROOT, 1, name="stock.process", start_time_unix_nano=5_000)
    for trace in range(1, sends + 1):
        send = scene.span(trace, 1, name="order.publish", service="shop", start_time_unix_nano=10)
        told = {"relation": "stitch", "rule": "correlation-id", "confidence": confidence}
        scene.hand_over(send, root, **told, wait_nano=2_000_000)
    if orphan:
        scene.orphan(root)
    return application(scene.store()).get(f"/traces/{trace_hex(ROOT)}").text


def candidates_in(page: str) -> list[str]:
    return re.findall(r'<div class="row candidate .*?</div>\s*</div>', page, re.DOTALL)


def test_a_candidate_leads_to_its_trace_and_to_all_candidates_of_the_root() -> None:
    (row,) = candidates_in(page_of(0.6))
    assert "k-candidate" in row
    assert f'href="/traces/{trace_hex(1)}#span-{span_hex(1)}"' in row
    assert f'href="/candidates/{trace_hex(ROOT)}/{span_hex(1)}"' in row
    assert "order.publish" in row
    assert "shop" in row
    assert "0.6<" in row
    assert "may have sent it, 2 ms before" in row
    assert "bar" not in row


def test_what_is_drawn_is_no_candidate_nor_has_what_is_no_orphan_root_any() -> None:
    assert candidates_in(page_of(0.9)) == []
    assert candidates_in(page_of(0.6, orphan=False)) == []


def test_of_many_candidates_some_are_shown() -> None:
    assert len(candidates_in(page_of(0.6, MOST_STORED + 3))) == MOST_STORED
