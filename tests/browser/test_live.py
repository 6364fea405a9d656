"""Pages that follow what arrives, without losing the reader's place."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from storage.contract import SpanStore
from storage.engines import open_store
from tests.browser.conftest import BROKEN, Served, serving
from tests.golden.recordings import open_recording
from tracestitch.analysis import AnalysisLoop

HEALED = "pipeline_healthy"  # later, over the same hand-overs
EVERY = 3_000  # ms between the questions of a page, as in live.js


@pytest.fixture
def growing() -> Iterator[Served]:
    yield from serving(open_store("memory:"))


def fill(store: SpanStore, recording: str) -> None:
    """As it arrives: stored, then analysed."""
    for batch in open_recording(recording)[1]:
        store.append(batch, stored_at_unix_nano=1)
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


@pytest.fixture
def page(page: Page) -> Page:
    """One whose clock is put forward, so that nobody waits for its next question."""
    page.clock.install()
    return page


def heal(page: Page, store: SpanStore) -> None:
    """What arrives next, for the page to find with its next question."""
    fill(store, HEALED)
    page.clock.fast_forward(EVERY)


def look_again(page: Page) -> None:
    """Until the page has asked for the state of the server and acted on the answer. The first
    to end may have begun before; the last begins when the one before was acted on."""
    for _ in range(3):
        with page.expect_event("requestfinished", lambda told: told.url.endswith("/status")):
            page.clock.fast_forward(EVERY)


def test_the_first_page_turns_live_with_the_first_span(page: Page, growing: Served) -> None:
    page.goto(growing.address)
    expect(page.locator("h1")).to_have_text("Waiting for the first span")
    heal(page, growing.store)
    expect(page.locator("h1")).to_have_text("Every hand-over connects")
    expect(page.locator(".drawing")).to_be_visible()


def test_an_update_keeps_place_focus_and_zoom(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(growing.address)
    page.locator("[data-flow]").focus()
    page.keyboard.press("+")
    page.locator(".node.destination", has_text="orders").focus()
    page.evaluate("document.querySelector('[data-flow]').scrollLeft = 120; scrollTo(0, 90)")
    width = page.evaluate("document.querySelector('[data-drawing]').style.width")
    heal(page, growing.store)
    expect(page.locator("h1")).to_have_text("Every hand-over connects again")
    expect(page.locator(".edge.broken")).to_have_count(0)
    title = "document.activeElement.querySelector('title')?.textContent"
    assert page.evaluate(title).startswith("orders · SQS")
    assert page.evaluate("[scrollY, document.querySelector('[data-flow]').scrollLeft]") == [90, 120]
    assert page.evaluate("document.querySelector('[data-drawing]').style.width") == width


def test_an_update_waits_while_the_reader_selects_or_writes(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(growing.address)
    mark = page.locator("[data-live-switch]")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    heal(page, growing.store)
    expect(mark).to_contain_text("held")
    expect(page.locator("h1")).to_have_text("1 edge is broken now")
    page.locator("[data-search]").focus()
    page.evaluate("getSelection().removeAllRanges()")
    page.locator("[data-search]").fill("ORD")
    look_again(page)
    expect(page.locator("h1")).to_have_text("1 edge is broken now")
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("h1")).to_have_text("Every hand-over connects again")
    expect(page.locator("[data-search]")).to_have_value("ORD")


def test_updates_can_be_paused_and_that_is_remembered(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(growing.address)
    mark = page.locator("[data-live-switch]")
    expect(mark).to_contain_text("updated")
    mark.click()
    expect(mark).to_have_attribute("aria-pressed", "false")
    page.goto(f"{growing.address}/status")
    expect(mark).to_contain_text("paused")
    spans = page.locator("tr", has_text="spans").locator("td").nth(1)
    fill(growing.store, HEALED)
    look_again(page)
    expect(page.locator("main")).to_contain_text("154")
    mark.click()
    expect(page.locator("main")).not_to_contain_text("154")
    expect(spans).to_be_visible()


def test_an_edge_that_healed_meanwhile_looks_so(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(growing.address)
    expect(page.locator(".breaks li")).to_have_count(1)
    heal(page, growing.store)
    expect(page.locator(".edge.healed text")).to_have_text("✓ healed")
    expect(page.locator(".breaks")).to_have_count(0)
    expect(page.locator("[data-focus]")).to_contain_text("✓ healed")


def test_opened_details_stay_open(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(f"{growing.address}/orphans")
    page.locator("details.narrow summary").click()
    heal(page, growing.store)
    expect(page.locator("h1")).to_contain_text("1 healed")
    expect(page.locator("details.narrow")).to_have_attribute("open", "")


def test_what_is_scrolled_with_the_keyboard_stays_so(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(f"{growing.address}/orphans")
    wide = page.locator(".scroll").first
    wide.locator("table").evaluate("(table) => { table.style.minWidth = '1000px'; }")
    page.set_viewport_size({"width": 700, "height": 800})
    expect(wide).to_have_attribute("tabindex", "0")
    heal(page, growing.store)
    expect(page.locator("h1")).to_contain_text("1 healed")
    expect(wide).to_have_attribute("tabindex", "0")


def test_a_page_may_offer_to_reload_instead(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(growing.address)
    page.locator("[data-live-switch]").click()  # paused
    page.evaluate(
        "import('/static/live.js').then(({ offerReload }) =>"
        " offerReload(154, (count) => { document.title = `${count} new`; }))"
    )
    heal(page, growing.store)
    expect(page).to_have_title(re.compile(r"\d+ new"))
    expect(page.locator("h1")).to_have_text("1 edge is broken now")
