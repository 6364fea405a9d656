"""What holds for every page: one heading, its JSON, the theme; and what the first pages lead to."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from storage.contract import SpanStore
from tests.browser.conftest import Served, follow
from tests.golden.recordings import open_recording


def addresses(served: Served) -> list[str]:
    answer = httpx.get(f"{served.address}/api/v1/orphans").json()
    root = answer["orphans"][0]
    return [
        "/",
        "/orphans",
        f"/orphans/of-{root['trace_id']}-{root['span_id']}",
        f"/journeys?trace_id={root['trace_id']}",
        f"/traces/{root['trace_id']}",
        f"/spans/{root['trace_id']}/{root['span_id']}",
        "/search",
        "/search?q=nothing-of-this-kind",
        "/destinations",
        "/destinations?name=orders",
        "/sampling",
        "/causes",
        "/causes/S5",
        "/causes/E1",
        "/status",
    ]


def test_every_page_has_one_heading_and_leads_to_its_json(page: Page, broken: Served) -> None:
    for address in addresses(broken):
        page.goto(f"{broken.address}{address}")
        if "/spans/" not in address:
            expect(page.locator("h1")).to_have_count(1)
        link = page.get_by_role("link", name="JSON", exact=True)
        target = link.first.get_attribute("href")
        answer = page.request.get(f"{broken.address}{target}")
        assert answer.status == 200, address
        assert answer.headers["content-type"] == "application/json"


def test_the_theme_is_remembered(page: Page, broken: Served) -> None:
    page.goto(broken.address)
    switch = page.locator("[data-theme-switch]")
    expect(switch).to_have_text("auto")
    switch.click()
    switch.click()
    page.goto(f"{broken.address}/status")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(19, 21, 25)"


def test_the_map_shows_services_destinations_and_the_broken_edge(
    page: Page, broken: Served
) -> None:
    page.goto(broken.address)
    drawn = page.locator(".flow .node").all_text_contents()
    for name in ("order-service", "orders", "payments", "shipments", "warehouse-service"):
        assert any(name in node for node in drawn)
    follow(page.locator(".edge.broken text"), "/orphans/")
    expect(page.locator("h1")).to_have_text("Message attributes were not requested")


def test_the_report_leads_to_the_page_of_the_cause_and_its_fixes(
    page: Page, broken: Served
) -> None:
    page.goto(f"{broken.address}/orphans")
    follow(page.locator("tbody a.title").first, "/orphans/")
    expect(page.locator("pre").first).to_contain_text("On the consumer payment-service")
    follow(page.get_by_role("link", name="What S1 is"), "/causes/S1$")
    fix = page.locator("details", has_text="Node.js")
    expect(fix.locator("pre")).to_be_hidden()
    fix.locator("summary").click()
    expect(fix.locator("pre")).to_contain_text("ReceiveMessageCommand")
    follow(page.get_by_role("link", name="S2", exact=True), "/causes/S2$")
    expect(page.locator("h1")).to_have_text(
        "The producer does not inject context into message attributes"
    )


def test_the_empty_page_says_what_to_do_and_turns_live(page: Page, growing: Served) -> None:
    page.clock.install()
    page.goto(growing.address)
    expect(page.locator("h1")).to_have_text("Waiting for the first span")
    expect(page.locator("pre").first).to_contain_text(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317"
    )
    _fill(growing.store)
    page.clock.fast_forward(3_000)  # to its next question
    expect(page.locator("h1")).not_to_have_text("Waiting for the first span")


def _fill(store: SpanStore) -> None:
    for batch in open_recording("pipeline_healthy")[1]:
        store.append(batch, stored_at_unix_nano=1)


@pytest.mark.parametrize("script", [True, False])
def test_a_journey_can_be_read_without_scripts(page: Page, broken: Served, script: bool) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=script).new_page()
    plain.goto(f"{broken.address}/orphans")
    follow(plain.locator("tbody a.title"), "/orphans/")
    follow(plain.locator("table a.title").first, "/journeys")
    span = plain.locator(".row.span a.label", has_text="order.publish").first
    expect(span).to_be_visible()
    if not script:
        follow(span, "/spans/")
        expect(plain.locator("main")).to_contain_text("messaging.message")
    plain.context.close()
