"""The waterfall of large pictures: what is in the document, and that it is right."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.large_journeys import ORDER, span_id, trace_id
from storage.contract import SpanStore
from tests.browser.conftest import SETTLED, Served, follow, serving
from tests.browser.large import (
    ask,
    hold_to_layout,
    large_store,
    layout_of,
    row,
    scroll_to,
    show,
)

MOST_ROWS = 400  # in the document
MOST_ELEMENTS = 8_000


@pytest.fixture(scope="module")
def large() -> Iterator[Served]:
    """10,000 spans in a hundred traces."""
    yield from serving(large_store(10_000))


@pytest.fixture(scope="module")
def huge() -> Iterator[Served]:
    """One trace of 100,000 spans."""
    yield from serving(large_store(100_000, 100_000))


def test_middle_and_end_of_ten_thousand_spans_show_the_right_rows(
    page: Page, large: Served
) -> None:
    show(page, large)
    fall, names = layout_of(ask(large, f"journeys?attribute=order.id={ORDER}")["journey"])
    for share in (0.5, 1.0, 0.02):
        scroll_to(page, share)
        middle = min(int(share * len(fall)), len(fall) - 6)
        expect(row(page, middle)).to_be_in_viewport()
        hold_to_layout(page, fall, range(middle - 3, middle + 3), names)
        assert page.locator(".row").count() <= MOST_ROWS


def test_a_hundred_thousand_spans_stay_few_elements(page: Page, huge: Served) -> None:
    show(page, huge, f"traces/{trace_id(0).hex()}")
    assert page.evaluate("document.querySelectorAll('*').length") <= MOST_ELEMENTS
    for share in (0.3, 0.31, 0.9, 0.6, 1.0):
        scroll_to(page, share)
        expect(row(page, min(int(share * 100_000), 99_999))).to_be_in_viewport()
        assert page.locator(".row").count() <= MOST_ROWS
    assert page.evaluate("document.querySelectorAll('*').length") <= MOST_ELEMENTS
    expect(page.locator("[data-rows]")).to_have_attribute("aria-rowcount", "100000")
    page.keyboard.press("Home")
    expect(row(page, 0)).to_be_focused()
    page.keyboard.press("End")
    expect(row(page, 99_999)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(row(page, 99_998)).to_be_focused()


def test_a_link_to_a_span_far_down_opens_there(page: Page, huge: Served) -> None:
    far = span_id(0, 77_777).hex()
    show(page, huge, f"traces/{trace_id(0).hex()}#span-{far}")
    expect(page.locator(f"#span-{far}")).to_be_in_viewport()
    expect(page.locator(f"#span-{far}")).to_have_class(re.compile("current"))


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_shifts_while_rows_come_and_go(page: Page, large: Served, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(
        "window.shifts = [];"
        " new PerformanceObserver(list => { for (const each of list.getEntries())"
        " for (const { node } of each.sources) if (!node?.closest?.('.top'))"
        " shifts.push(node?.outerHTML?.slice(0, 120) ?? node?.textContent)"
        " }).observe({ type: 'layout-shift', buffered: true });"
    )
    show(page, large)
    rows = int(page.locator("[data-rows]").get_attribute("aria-rowcount") or 0)
    for share in (0.2, 0.7, 0.71, 1.0):
        scroll_to(page, share)
        expect(row(page, min(int(share * rows), rows - 1))).to_be_in_viewport()
        page.evaluate(SETTLED)
    assert page.evaluate("window.shifts") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.locator(".row").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert len(set(heights)) == 1


def test_more_spans_are_told_and_not_mixed_in(
    browser: Browser, serve: Callable[[SpanStore], str]
) -> None:
    page = browser.new_page()  # the other ones take a 409 on the console for a complaint
    address = serve(large_store(1_000))
    page.goto(f"{address}/journeys?attribute=order.id={ORDER}")
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    gone = "document.querySelector('[data-waterfall]').dataset.query += '0'"
    page.evaluate(gone)  # a version that nobody knows any more
    scroll_to(page, 1.0)
    expect(page.locator("[data-changed]")).to_contain_text("More spans or answers have arrived")
    expect(page.locator(".row")).to_have_count(1)  # the one that Tab leads to stays
    page.locator("[data-reload]").click()
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    expect(page.locator("[data-changed]")).to_be_hidden()
    page.close()


def test_without_scripts_links_lead_through_all_rows(page: Page, large: Served) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{large.address}/journeys?attribute=order.id={ORDER}")
    expect(plain.locator(".row")).to_have_count(120)
    follow(plain.get_by_role("link", name=re.compile("rows 121")), "row=121")
    expect(row(plain, 120)).to_be_visible()
    expect(row(plain, 0)).to_have_count(0)
    plain.context.close()
