"""What is secondary is asked for on a phone, and is all there on a desk and on paper."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Served, follow

FIRST = 6  # rows of a table that is cut


def shown(rows: Locator) -> int:
    return sum(row.is_visible() for row in rows.all())


def test_long_lists_of_a_search_begin_with_their_first_rows(
    phone: Page, dead_letters: Served
) -> None:
    phone.goto(f"{dead_letters.address}/search")
    height = phone.evaluate("document.documentElement.scrollHeight")
    for table in phone.locator("table.found").all():
        rows = table.locator("tbody tr")
        assert shown(rows) == FIRST < rows.count()
        rest = table.locator("xpath=..").locator(".rest summary")
        rest.focus()
        phone.keyboard.press("Enter")
        assert shown(rows) == rows.count()
        phone.keyboard.press("Enter")
        assert shown(rows) == FIRST
    assert height < 2_600  # three screens: it was seven


def test_filters_wait_behind_one_line_until_one_is_set(phone: Page, dead_letters: Served) -> None:
    phone.goto(f"{dead_letters.address}/search")
    field = phone.get_by_label("Span name contains")
    expect(field).to_be_hidden()
    phone.get_by_text("Filters", exact=True).click()
    field.fill("order.process")
    follow(phone.get_by_role("button", name="Search"), "name_contains=order.process")
    expect(field).to_be_visible()
    expect(field).to_have_value("order.process")


def test_rows_that_are_cut_are_no_stops_of_the_keys(phone: Page, dead_letters: Served) -> None:
    phone.goto(f"{dead_letters.address}/search")
    links = phone.locator("table.found").first.locator("a.title")
    for _ in range(FIRST):
        phone.keyboard.press("j")
    expect(links.nth(FIRST - 1)).to_be_focused()
    phone.keyboard.press("j")
    expect(phone.locator("table.found").nth(1).locator("a.title").first).to_be_focused()


def test_a_comparison_begins_with_what_differs(phone: Page, broken: Served) -> None:
    phone.goto(f"{broken.address}/orphans")
    follow(phone.locator("tbody a.title").first, "/orphans/")
    same = phone.get_by_text("The same on both")
    expect(phone.locator(".differs").first).to_be_visible()
    expect(same).to_be_hidden()
    phone.get_by_text("all that both say").click()
    expect(same).to_be_visible()


def test_how_sure_a_cause_is_told_waits_behind_one_line(phone: Page, broken: Served) -> None:
    phone.goto(f"{broken.address}/causes/S1")
    expect(phone.get_by_text("The conditions")).to_be_hidden()
    phone.locator("summary", has_text="and what they mean").click()
    expect(phone.get_by_text("The conditions")).to_be_visible()


def test_a_desk_has_all_of_it_and_nothing_to_open(page: Page, dead_letters: Served) -> None:
    page.goto(f"{dead_letters.address}/search")
    expect(page.get_by_label("Span name contains")).to_be_visible()
    expect(page.get_by_role("heading", name="Recent ids")).to_be_visible()
    expect(page.locator(".idlist").first).to_be_visible()
    rows = page.locator("table.found tbody tr")
    assert shown(rows) == rows.count() > 2 * FIRST
    assert shown(page.locator(".folds > summary, .rest > summary")) == 0
    page.get_by_label("Span name contains").fill("order.process")  # not only drawn
    follow(page.get_by_role("button", name="Search"), "name_contains=order.process")
    page.goto(f"{dead_letters.address}/causes/S1")
    expect(page.get_by_text("The conditions")).to_be_visible()


def test_paper_has_all_of_it(phone: Page, dead_letters: Served) -> None:
    phone.goto(f"{dead_letters.address}/search")
    phone.emulate_media(media="print")
    rows = phone.locator("table.found tbody tr")
    assert shown(rows) == rows.count()
    expect(phone.locator(".idlist").first).to_be_visible()
