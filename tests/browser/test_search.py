"""Searching in a real browser: from an id to its journey, without scripts, on a phone."""

from collections.abc import Callable
from itertools import combinations
from urllib.parse import quote

from playwright.sync_api import Page, expect

from storage.contract import SpanStore
from tests.answer_builders import Scene
from tests.browser.conftest import Served, follow

HOSTILE = '"><script>window.hit=1</script><img src=x onerror="window.hit=1">'


def test_an_id_in_the_box_leads_to_its_journey(page: Page, dead_letters: Served) -> None:
    page.goto(f"{dead_letters.address}/search")
    order = page.locator("td a.title").first.text_content() or ""
    page.keyboard.press("/")
    page.keyboard.type(f' "{order}" ')
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{dead_letters.address}/journeys?attribute=order.id={order}")


def test_journeys_come_first_and_lead_there(page: Page, dead_letters: Served) -> None:
    page.goto(f"{dead_letters.address}/search?problem=dead-letter")
    heads = page.locator("h2.head").all_text_contents()
    assert [head.split()[0] for head in heads] == ["Journeys", "Traces"]
    first = page.locator("table").first.locator("tbody tr").first
    expect(first).to_contain_text("1 dead letter")
    follow(first.locator("a.title"), "/journeys")
    expect(page.locator("h1")).to_contain_text("ORD-")


def test_filters_stay_in_the_address_and_in_the_form(page: Page, dead_letters: Served) -> None:
    page.goto(f"{dead_letters.address}/search")
    page.get_by_label("Span name contains").fill("ORDER.PROCESS")
    page.get_by_label("Trace with").select_option("error")
    follow(page.get_by_role("button", name="Search"), "name_contains=ORDER.PROCESS")
    expect(page.get_by_label("Trace with")).to_have_value("error")
    follow(page.get_by_role("link", name="last hour"), "last=1h")
    assert "name_contains=ORDER.PROCESS" in page.url
    expect(page.get_by_role("link", name="last hour")).to_have_attribute("aria-current", "true")
    expect(page.locator(".facts")).to_contain_text("counted back from the newest span stored")


def test_another_attribute_can_be_added_without_scripts(page: Page, dead_letters: Served) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{dead_letters.address}/search?attribute=service.name%3Dpayment-service")
    expect(plain.locator("td a.title").first).to_be_visible()
    expect(plain.locator('input[name="attribute"]')).to_have_count(2)
    plain.get_by_label("And attribute").fill("messaging.system=aws_sqs")
    follow(plain.get_by_role("button", name="Search"), "aws_sqs")
    expect(plain.locator('input[name="attribute"]')).to_have_count(3)
    expect(plain.locator("td a.title").first).to_be_visible()
    plain.context.close()


def test_an_empty_store_leads_to_how_to_send_here(page: Page, empty: Served) -> None:
    page.goto(f"{empty.address}/search?q=ORD-1")
    expect(page.locator("h1")).to_have_text("Nothing is stored yet")
    follow(page.get_by_role("link", name="The start page"), "/$")
    expect(page.locator("pre").first).to_contain_text("OTEL_EXPORTER_OTLP_ENDPOINT")


def test_nothing_found_says_what_was_tried(page: Page, dead_letters: Served) -> None:
    page.goto(f"{dead_letters.address}/search?q={quote('nothing of this kind')}")
    expect(page.locator("h1")).to_have_text("Nothing stored is called nothing of this kind")
    expect(page.locator(".tried")).to_contain_text("every correlation key")
    expect(page.locator("main")).to_contain_text("What to try")


def test_hostile_names_stay_text(serve: Callable[[SpanStore], str], page: Page) -> None:
    scene = Scene()
    scene.span(1, 1, name=HOSTILE, service=HOSTILE, order=HOSTILE)
    address = serve(scene.store())
    for path in (
        "/search",
        f"/search?q={quote(HOSTILE)}&last=15m",
        f"/search?name_contains={quote(HOSTILE)}",
        f"/search?attribute={quote('a=' + HOSTILE)}",
    ):
        page.goto(f"{address}{path}")
        assert page.evaluate("window.hit") is None


def test_a_phone_has_every_figure_of_a_journey_in_view(phone: Page, dead_letters: Served) -> None:
    phone.goto(f"{dead_letters.address}/search")
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    row = phone.locator("table").first.locator("tbody tr").first
    for cell in row.locator("td").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_results_are_short_on_a_phone(phone: Page, dead_letters: Served) -> None:
    phone.goto(f"{dead_letters.address}/search")
    for table in phone.locator("table.found").all():
        box = table.locator("tbody tr").first.bounding_box()
        assert box is not None
        assert box["height"] < 130
        cells = [
            cell.bounding_box() for cell in table.locator("tbody tr").first.locator("td").all()
        ]
        shown = [
            (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
            for box in cells
            if box
        ]
        assert not any(_overlap(one, other) for one, other in combinations(shown, 2))


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 1 and down > 1
