"""From the report to the journey, as somebody in an incident goes."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served, follow

SERVICES = ["inventory-service", "order-service", "payment-service", "warehouse-service"]


def ask(served: Served, path: str) -> Any:
    answer = httpx.get(f"{served.address}/api/v1/{path}")
    answer.raise_for_status()
    return answer.json()


def broken_order(served: Served) -> str:
    """An order whose payment is an orphan root."""
    root = ask(served, "orphans")["orphans"][0]
    trace = ask(served, f"traces/{root['trace_id']}")["trace"]
    return str(next(each["value"] for each in trace["correlation"] if each["key"] == "order.id"))


def test_the_report_lists_the_broken_hop_with_cause_and_fix(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/orphans")
    expect(page.locator("h1")).to_contain_text("1 edge broken now")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    for text in ("orders", "SQS", "order-service → payment-service", "S1"):
        expect(row).to_contain_text(text)
    row.click(position={"x": 5, "y": 5})
    page.wait_for_url("**/orphans/*")
    expect(page.locator("h1")).to_have_text("Message attributes were not requested")
    expect(page.locator("pre")).to_contain_text("MessageAttributeNames")
    expect(page.locator(".differs").first).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_report_is_filtered_by_its_form_and_nothing_of_a_group_is_cut_off(
    page: Page, broken: Served, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{broken.address}/orphans")
    page.get_by_text("Filter", exact=True).first.click()
    page.get_by_label("State").select_option("healed")
    follow(page.get_by_role("button", name="Filter"), "state=healed")
    expect(page.get_by_role("heading", name="No orphan root is like that")).to_be_visible()
    page.get_by_label("State").select_option("broken")
    page.get_by_label("Cause").select_option("S1")
    follow(page.get_by_role("button", name="Filter"), "state=broken")
    row = page.locator("table.report tbody tr")
    expect(row).to_have_count(1)
    expect(row.get_by_role("img", name=re.compile("^broken in "))).to_be_visible()
    for link in page.get_by_role("link", name=re.compile("JSON|CSV")).all():
        answer = page.request.get(f"{broken.address}{link.get_attribute('href')}")
        assert answer.status == 200
        assert "S1" in answer.text()
    follow(row.locator("a.title"), "/orphans/")
    expect(page.get_by_role("heading", name="Over time")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 390:
        assert page.locator("pre").evaluate("text => text.scrollWidth <= text.clientWidth")


def test_an_example_leads_to_its_span_in_the_journey(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/orphans")
    follow(page.locator("tbody tr a.title"), "/orphans/")
    examples = page.get_by_role("heading", name="Examples").locator("xpath=..")
    follow(examples.locator("a.title").first, "/journeys.*#span-")
    current = page.locator(".row.current")
    expect(current).to_contain_text("order.process")
    expect(current).to_contain_text("orphan root")
    expect(current).to_be_in_viewport()
    expect(page.locator(".row.handover.k-cut")).to_contain_text("message id")


def test_the_page_of_an_order_contains_every_service(page: Page, broken: Served) -> None:
    order = broken_order(broken)
    page.goto(f"{broken.address}/")
    page.keyboard.press("/")
    page.keyboard.type(order)
    page.keyboard.press("Enter")
    page.wait_for_url("**/journeys?*")
    expect(page.locator("h1")).to_contain_text(order)
    expect(page.locator(".legend .service")).to_have_count(len(SERVICES))
    assert sorted(page.locator(".legend .service").all_inner_texts()) == SERVICES
    said = page.locator(".row.span small").all_inner_texts()
    assert sorted(set(said)) == SERVICES


def test_an_order_id_leads_to_the_fix_in_two_steps_on_a_phone(phone: Page, broken: Served) -> None:
    order = broken_order(broken)
    phone.goto(broken.address)
    phone.get_by_role("searchbox", name="Search").fill(order)
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/journeys?*")
    cause = phone.locator(".tell a.chip").first
    expect(cause).to_be_in_viewport()
    follow(cause, "/orphans/")
    expect(phone.locator(".proven pre")).to_be_in_viewport()


def test_keys_move_and_open_and_close(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/journeys?attribute=order.id={broken_order(broken)}")
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    rows = page.locator(".waterfall .row")
    for key in ("j", "ArrowDown", "j", "k"):
        page.keyboard.press(key)
    expect(rows.nth(1)).to_have_class(re.compile("current"))
    page.keyboard.press("Enter")
    panel = page.locator("[data-panel]")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("order.validate")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("f")
    page.keyboard.type("warehouse.ship")
    expect(page.locator(".row.found")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("scale=true"))


def test_a_click_shows_the_attributes_of_a_span(page: Page, broken: Served) -> None:
    order = broken_order(broken)
    page.goto(f"{broken.address}/journeys?attribute=order.id={order}")
    page.locator(".row.span", has_text="order.publish").locator(".lane").click()
    panel = page.locator("[data-panel]")
    expect(panel).to_contain_text("order.id")
    expect(panel).to_contain_text(order)
    expect(panel).to_contain_text("service.name")
    expect(page).to_have_url(re.compile("#span-[0-9a-f]{16}$"))


def test_a_permalink_opens_with_its_span_in_view(phone: Page, dead_letters: Served) -> None:
    dead = next(
        each
        for each in ask(dead_letters, "connections?limit=1000")["connections"]
        if each["dead_letter"]
    )
    end = dead["consumer"]
    phone.goto(f"{dead_letters.address}/traces/{end['trace_id']}#span-{end['span_id']}")
    row = phone.locator(f"#span-{end['span_id']}")
    expect(row).to_have_class(re.compile("current"))
    expect(row).to_be_in_viewport()


def test_a_dead_letter_says_how_often_and_where_to(page: Page, dead_letters: Served) -> None:
    dead = next(
        each
        for each in ask(dead_letters, "connections?limit=1000")["connections"]
        if each["dead_letter"]
    )
    page.goto(f"{dead_letters.address}/journeys?trace_id={dead['consumer']['trace_id']}")
    expect(page.locator(".facts .chip").first).to_have_text("dead-letter")
    expect(page.locator(".tell")).to_contain_text("failed three times in payment-service")
    expect(page.locator(".tell")).to_contain_text("orders-dlq")
    for attempt in (1, 2, 3):
        expect(page.locator(".chip", has_text=f"attempt {attempt}")).to_have_count(1)
