"""The pages of destinations in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from storage.contract import SpanStore
from tests.answer_builders import Scene
from tests.browser.conftest import Served, follow
from tests.unit.web.destinations.test_pages import shop

HOSTILE = '"><img src=x onerror="window.hit=1">&<b>'


def test_the_list_is_sorted_and_leads_to_a_destination(page: Page, dead_letters: Served) -> None:
    page.goto(f"{dead_letters.address}/destinations")
    follow(page.get_by_role("link", name="Dead letters"), "sort=")
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("Dead letters")
    first = page.locator("a.title").first
    expect(first).to_have_text("orders-dlq")
    follow(first, "name=orders-dlq")
    expect(page.locator("h1")).to_contain_text("orders-dlq")


def test_a_destination_draws_its_waits_and_has_the_numbers_beside(
    page: Page, dead_letters: Served
) -> None:
    page.goto(f"{dead_letters.address}/destinations?name=orders")
    bars = page.locator(".chart .band")
    assert bars.count() >= 1
    for bar in bars.all():
        box, rule = bar.bounding_box(), page.locator(".chart .plot").bounding_box()
        assert box is not None
        assert rule is not None
        assert rule["y"] <= box["y"] <= box["y"] + box["height"] <= rule["y"] + rule["height"]
    card = page.locator("section", has=page.locator(".plot")).bounding_box()
    assert card is not None
    assert rule is not None
    assert rule["width"] > 0.9 * card["width"]  # all of the page's width
    page.locator("summary", has_text="Numbers").focus()
    page.keyboard.press("Enter")
    rows = page.locator("details tbody tr")
    expect(rows.first).to_be_visible()
    assert rows.count() == page.locator(".chart g").count()
    expect(page.get_by_role("link", name="dead letters in orders-dlq")).to_be_visible()


def test_what_nobody_received_leads_to_its_journey(
    serve: Callable[[SpanStore], str], page: Page
) -> None:
    page.goto(f"{serve(shop().store())}/destinations?name=orders")
    stuck = page.locator("#stuck tbody tr")
    expect(stuck).to_have_count(1)
    follow(stuck.locator("a.title"), "/journeys|/traces|/spans")
    expect(page.locator("main")).to_contain_text("orders publish")


def test_an_empty_store_says_when_a_destination_appears(page: Page, empty: Served) -> None:
    page.goto(f"{empty.address}/destinations")
    expect(page.locator("main")).to_contain_text("A destination appears with the first span")


def test_hostile_names_stay_text(serve: Callable[[SpanStore], str], page: Page) -> None:
    scene = Scene()
    told = {"destination": HOSTILE, "system": HOSTILE, "scope": HOSTILE, "consumer_group": HOSTILE}
    send, read = scene.span(1, 1, service=HOSTILE), scene.span(1, 2, service=HOSTILE)
    scene.hand_over(send, read, **told)
    scene.endpoint(send, role="send", **told, scope_name=HOSTILE, service_version=HOSTILE)
    page.goto(f"{serve(scene.store())}/destinations")
    follow(page.locator("a.title"), "name=")
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hit") is None


def test_a_phone_keeps_every_column(phone: Page, dead_letters: Served) -> None:
    phone.goto(f"{dead_letters.address}/destinations")
    row = phone.locator("tbody tr").first
    for words in ("deliveries", "connected", "median wait", "dead letters", "oldest waiting"):
        expect(row.locator(f'[data-says="{words}"]')).to_be_visible()
    phone.goto(f"{dead_letters.address}/destinations?name=orders")
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_all_of_it_is_there_without_scripts(page: Page, dead_letters: Served) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{dead_letters.address}/destinations?filter=orders")
    follow(plain.locator("a.title").first, "name=")
    expect(plain.locator("main")).to_contain_text("Consumers")
    follow(plain.get_by_role("link", name="last 15 minutes"), "last=15m")
    expect(plain.locator(".facts")).to_contain_text("counted back from the newest span stored")
    plain.context.close()


def test_a_phone_says_connected_before_what_became_of_the_rest(phone: Page, broken: Served) -> None:
    """Not "broken connected"."""
    phone.goto(f"{broken.address}/destinations")
    share = phone.locator('[data-says="connected"]', has_text="broken")
    cell, state = share.bounding_box(), share.locator("small").bounding_box()
    assert cell is not None
    assert state is not None
    assert state["y"] + state["height"] >= cell["y"] + cell["height"] - 2
