"""The keyboard, on every page: pages, search, rows, the list of keys."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Served, follow


def test_a_letter_after_g_goes_to_a_page_and_a_slash_to_the_search(
    page: Page, broken: Served
) -> None:
    page.goto(f"{broken.address}/status")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url(f"{broken.address}/orphans")
    expect(page.locator("nav [aria-current=page]")).to_have_text("Orphans")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("gs?")  # letters of a word are no keys
    expect(page.locator("[data-search]")).to_have_value("gs?")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_letter_without_g_goes_nowhere_on_a_page_that_just_opened(
    page: Page, broken: Served
) -> None:
    page.goto(f"{broken.address}/status")
    page.keyboard.press("o")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("Orphans")
    expect(page).to_have_url(f"{broken.address}/status")


def test_rows_are_gone_through_and_opened(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/causes")
    rows = page.locator("main [data-row-link] a.title")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    address = rows.nth(0).get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{broken.address}{address}")


def test_the_list_of_keys_opens_and_closes(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/destinations")
    page.keyboard.press("?")
    keys = page.locator("dialog[open]")
    expect(keys).to_contain_text("next and previous row")
    expect(keys).to_contain_text("Orphans")
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(f"{broken.address}/destinations")
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)


def test_a_page_with_keys_of_its_own_lists_them_with_those_of_every_page(
    page: Page, broken: Served
) -> None:
    page.goto(f"{broken.address}/orphans")
    follow(page.locator("tbody a.title").first, "/orphans/")
    follow(page.locator("table a.title").first, "/journeys")
    expect(page.locator(".row.current")).to_be_visible()
    page.keyboard.press("?")
    keys = page.locator("dialog[open]")
    expect(keys).to_have_count(1)
    expect(keys).to_contain_text("true scale")
    expect(keys).to_contain_text("Destinations")


def test_the_first_stop_skips_to_the_content(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/orphans")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    assert (skip.bounding_box() or {"x": -1})["x"] >= 0
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{broken.address}/orphans#main")


def test_ids_and_times_are_copied_whole(page: Page, broken: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{broken.address}/orphans")
    follow(page.locator("tbody a.title").first, "/orphans/")
    moment = page.locator("button.moment").first
    moment.click()
    expect(page.locator("[data-toast]")).to_have_text("copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == moment.get_attribute("data-copy")
    assert copied.endswith("Z")
    assert len(copied) == len("2026-11-24T09:19:42.123456789Z")
