"""Pages that follow what arrives, without losing the reader's place."""

import pytest
from playwright.sync_api import Page, expect

from storage.contract import SpanStore
from tests.browser.conftest import BROKEN, Served, follow
from tests.builders import batch, span
from tests.golden.recordings import open_recording
from tracestitch.analysis import AnalysisLoop

HEALED = "pipeline_healthy"  # later, over the same hand-overs
EVERY = 3_000  # ms between the questions of a page, as in live.js
SLOWEST = 60_000  # ms, the longest that a page rests between two updates, as there


def fill(store: SpanStore, recording: str) -> None:
    """As it arrives: stored, then analysed."""
    for each in open_recording(recording)[1]:
        store.append(each, stored_at_unix_nano=1)
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


@pytest.fixture
def page(page: Page) -> Page:
    """One whose clock is put forward, so that nobody waits for its next question."""
    page.clock.install()
    return page


def asked_after(page: Page, passed: int) -> None:
    """Until the page has the server's state that it asks for when so many ms have passed."""
    with page.expect_event("requestfinished", lambda told: told.url.endswith("/status")):
        page.clock.fast_forward(passed)


def heal(page: Page, store: SpanStore) -> None:
    """What arrives next, for the page to find. It may be in the middle of an update for the
    first of it; to that the jump of the clock is time that it took, and it rests after it."""
    fill(store, HEALED)
    for _ in range(2):
        asked_after(page, SLOWEST)


def look_again(page: Page) -> None:
    """Until the page has asked for the state of the server and acted on the answer. The first
    to end may have begun before; the last begins when the one before was acted on."""
    for _ in range(3):
        asked_after(page, EVERY)


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
    look_again(page)
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


def send(store: SpanStore, trace: int, order: str) -> None:
    sent = span("late", trace=trace, id=trace, attributes={"order.id": order})
    store.append(batch(sent), stored_at_unix_nano=1)
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


def test_a_journey_offers_to_be_loaded_again_when_more_of_it_came(
    page: Page, growing: Served
) -> None:
    send(growing.store, 1, "ORD-1")
    page.goto(f"{growing.address}/journeys?attribute=order.id=ORD-1")
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    offer = page.locator("[data-changed]")
    send(growing.store, 2, "ORD-2")  # of another
    with page.expect_response("**/waterfall/news?*") as asked:
        page.clock.fast_forward(EVERY)
    assert asked.value.json() == {"changed": False}
    expect(offer).to_be_hidden()
    send(growing.store, 3, "ORD-1")
    with page.expect_response("**/waterfall/news?*"):
        page.clock.fast_forward(10 * EVERY)
    expect(offer).to_contain_text("More of this has arrived")
    expect(page.locator(".row.span")).to_have_count(1)
    offer.get_by_role("button").click()
    expect(page.locator(".row.span")).to_have_count(2)


def test_a_search_finds_what_arrived_meanwhile(page: Page, growing: Served) -> None:
    send(growing.store, 1, "ORD-1")
    page.goto(f"{growing.address}/search?name_contains=late")
    expect(page.locator("h1")).to_contain_text("1 trace of 1 journey")
    send(growing.store, 2, "ORD-2")
    page.clock.fast_forward(EVERY)
    expect(page.locator("h1")).to_contain_text("2 traces of 2 journeys")
    expect(page.get_by_label("Span name contains")).to_have_value("late")


def test_the_page_of_a_group_says_when_it_healed(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(f"{growing.address}/orphans")
    follow(page.locator("tbody a.title").first, "/orphans/")
    expect(page.locator(".facts")).to_contain_text("broken now")
    heal(page, growing.store)
    expect(page.locator(".facts")).to_contain_text("healed")
    expect(page.locator(".tell")).to_contain_text("Healed: from")


def test_the_page_of_a_destination_counts_on(page: Page, growing: Served) -> None:
    fill(growing.store, BROKEN)
    page.goto(f"{growing.address}/destinations?name=orders")
    facts = page.locator(".facts")
    before = facts.text_content()
    heal(page, growing.store)
    expect(facts).not_to_have_text(before or "")
    expect(facts).to_contain_text("deliveries")
