"""A store with one large unit of work, and how its waterfall is looked at."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.large_journeys import ORDER, START, make_requests
from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import SpanStore
from storage.engines import open_store
from tests.browser.conftest import Served
from tests.web_objects import picture_of
from tracestitch.analysis import AnalysisLoop
from web.trace_shapes import Journey, Span
from web.waterfall.layout import Waterfall, lay_out
from web.waterfall.row_kinds import HandoverRow, SpanRow

_PLACE = (
    "bar => { const box = bar.getBBox(), to = bar.getScreenCTM();"
    " return [to.e + box.x * to.a, box.width * to.a] }"
)


def large_store(spans: int, per_trace: int = 100) -> SpanStore:
    store, decoder = open_store("memory:"), make_decoder()
    for payload in make_requests(spans, per_trace):
        store.append(decode_request(decoder, payload).batch, START)
    analysis = AnalysisLoop(store)
    while analysis.run_once():
        pass
    return store


def ask(served: Served, path: str) -> Any:
    answer = httpx.get(f"{served.address}/api/v1/{path}", timeout=120)
    answer.raise_for_status()
    return answer.json()


def show(page: Page, served: Served, path: str = f"journeys?attribute=order.id={ORDER}") -> None:
    """Opens a page and waits until its script is ready."""
    page.goto(f"{served.address}/{path}")
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)


def row(page: Page, number: int) -> Locator:
    return page.locator(f".row[data-row='{number}']")


def scroll_to(page: Page, share: float) -> None:
    page.evaluate(
        "share => { const rows = document.querySelector('[data-rows]').getBoundingClientRect();"
        " scrollTo(0, scrollY + rows.top + share * rows.height - innerHeight / 2) }",
        share,
    )


def hold_to_layout(page: Page, fall: Waterfall, numbers: range, names: list[str]) -> None:
    """Name and bar of each row are those that the layout says."""
    for number in numbers:
        told, drawn = fall[number], row(page, number)
        expect(drawn).to_have_count(1)
        lane = drawn.locator(".lane > svg").bounding_box()
        assert lane is not None
        if isinstance(told, SpanRow):
            expect(drawn.locator(".label")).to_have_text(names[told.span])
            bar, wanted = drawn.locator("rect.bar"), told.bar
        else:
            assert isinstance(told, HandoverRow)
            assert told.wait is not None
            bar, wanted = drawn.locator("svg > svg line").first, told.wait
        left, width = bar.evaluate(_PLACE)
        assert left == pytest.approx(lane["x"] + wanted.left * lane["width"], abs=1)
        if isinstance(told, SpanRow):
            assert width == pytest.approx(wanted.width * lane["width"], abs=1)


def layout_of(journey: Journey, *, true_scale: bool = False) -> tuple[Waterfall, list[str]]:
    spans: list[Span] = journey["spans"]
    picture = picture_of(spans, journey["connections"], journey["orphans"])
    return lay_out(picture, true_scale=true_scale), [span["name"] for span in spans]
