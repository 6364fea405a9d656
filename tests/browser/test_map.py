"""The first page in a browser: the flow map, and the way to it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.answer_builders import Scene
from tests.browser.conftest import Served, follow, serving

HOSTILE = "</title></svg><script>alert(1)</script><img src=x onerror=alert(1)>\" '"


def many_hand_overs(count: int) -> Scene:
    scene = Scene()
    for number in range(count):
        sent = scene.span(2 * number + 1, 1, service=f"team-{number % 31}-service")
        read = scene.span(2 * number + 2, 1, service=f"team-{(number + 3) % 37}-service")
        if number % 50 == 7:
            scene.orphan(read, destination=f"topic-{number}")
        else:
            scene.hand_over(sent, read, destination=f"topic-{number}", system="kafka")
    return scene


def hostile_names() -> Scene:
    scene = Scene()
    sent, read = scene.span(1, 1, service=HOSTILE), scene.span(2, 1, service=HOSTILE * 40)
    scene.hand_over(sent, read, destination=HOSTILE, system=HOSTILE, scope=HOSTILE)
    return scene


@pytest.fixture(scope="module")
def many() -> Iterator[Served]:
    yield from serving(many_hand_overs(150).store())


@pytest.fixture(scope="module")
def hostile() -> Iterator[Served]:
    yield from serving(hostile_names().store())


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = page.eval_on_selector_all(
        selector, "all => all.map((each) => each.getBoundingClientRect().toJSON())"
    )
    return found


def overlaps(found: list[dict[str, float]]) -> int:
    return sum(
        one["left"] < two["right"]
        and two["left"] < one["right"]
        and one["top"] < two["bottom"]
        and two["top"] < one["bottom"]
        for number, one in enumerate(found)
        for two in found[:number]
    )


def test_a_broken_edge_leads_to_its_report(page: Page, broken: Served) -> None:
    page.goto(broken.address)
    expect(page.locator("h1")).to_have_text("1 edge is broken now")
    edge = page.locator(".edge.broken")
    expect(edge).to_have_count(1)
    expect(edge.locator("text")).to_contain_text("✕")
    follow(edge.locator("text"), "/orphans/")
    expect(page.locator("h1")).to_have_text("Message attributes were not requested")


def test_what_broke_is_listed_above_the_drawing_and_in_view_on_a_phone(
    phone: Page, broken: Served
) -> None:
    phone.goto(broken.address)
    (line,) = phone.locator(".breaks li").all()
    expect(line).to_contain_text("orders order-service → payment-service")
    expect(line).to_contain_text(re.compile(r"\d+ of \d+ deliveries"))
    expect(phone.locator(".edge.broken text")).to_be_in_viewport(ratio=1)
    follow(line.locator("a"), "/orphans/")
    expect(phone.locator("h1")).to_have_text("Message attributes were not requested")


def test_a_printed_map_is_whole(page: Page, many: Served) -> None:
    page.goto(many.address)
    page.emulate_media(media="print")
    for selector in ("[data-flow]", "html"):
        wide = f"(at => at.scrollWidth <= at.clientWidth)(document.querySelector('{selector}'))"
        assert page.evaluate(wide)


def test_another_edge_leads_to_the_waits_of_its_destination(page: Page, broken: Served) -> None:
    page.goto(broken.address)
    follow(page.locator(".edge:not(.broken) text").first, r"/destinations\?system=")


def test_a_dead_letter_queue_is_told_from_others(page: Page, dead_letters: Served) -> None:
    page.goto(dead_letters.address)
    expect(page.locator(".node.dead")).to_have_count(1)
    expect(page.locator(".node.dead")).to_contain_text("dead letters")
    titles = page.locator(".edge title").all_text_contents()
    assert {title.partition(":")[0] for title in titles} >= {
        "order-service → orders",
        "orders → orders-dlq",
        "orders-dlq → dead-letter-worker",
        "inventory-service → stock",
        "stock → shipments",
        "shipments → warehouse-service",
    }
    row = page.locator("tr", has_text="orders-dlq")
    expect(row).to_contain_text("sent to orders")


def test_figures_of_a_line_are_told_where_the_keyboard_is(page: Page, broken: Served) -> None:
    page.goto(broken.address)
    page.locator("[data-flow]").focus()
    page.keyboard.press("Tab")
    told = page.locator("[data-told]")
    expect(told).to_contain_text("deliveries")
    expect(told).to_contain_text("/ min")
    page.locator(".edge.broken").focus()
    expect(told).to_contain_text("1 edge broken")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Message attributes were not requested")


def test_a_service_in_focus_keeps_its_neighbours_and_is_in_the_address(
    page: Page, broken: Served
) -> None:
    page.goto(broken.address)
    page.locator(".node.service", has_text="order-service").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{broken.address}/?service=order-service")
    expect(page.locator(".drawing.focused")).to_be_visible()
    expect(page.locator(".node.near")).to_have_count(3)
    in_focus = "document.activeElement.closest('.node')?.textContent"
    assert "order-service" in page.evaluate(in_focus)
    page.reload()
    expect(page.locator(".node.chosen")).to_contain_text("order-service")
    page.locator("[data-focus] a", has_text="Show all").click()
    expect(page.locator(".drawing.focused")).to_have_count(0)
    page.go_back()
    expect(page.locator(".node.chosen")).to_contain_text("order-service")


def test_the_map_is_zoomed_by_keys_and_buttons_within_its_frame(page: Page, many: Served) -> None:
    page.goto(many.address)
    width = "document.querySelector('[data-drawing]').getBoundingClientRect().width"
    room = "document.querySelector('[data-flow]').clientWidth"
    before = page.evaluate(width)
    assert before > page.evaluate(room)
    page.locator("[data-flow]").focus()
    page.keyboard.press("+")
    assert page.evaluate(width) == pytest.approx(before * 1.25, rel=0.01)
    page.locator("[data-zoom-out]").click()
    assert page.evaluate(width) == pytest.approx(before, rel=0.01)
    page.locator("[data-flow]").focus()
    page.keyboard.press("0")
    assert page.evaluate(width) <= page.evaluate(room)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_of_very_many_hand_overs_the_broken_and_busiest_come_first(
    page: Page, many: Served
) -> None:
    page.goto(many.address)
    expect(page.locator("h1")).to_have_text("3 edges are broken now")
    expect(page.locator(".edge.broken")).to_have_count(3)
    expect(page.locator("[data-focus]")).to_contain_text("60 of 150 hand-overs")
    page.get_by_role("link", name="Show all", exact=True).click()
    expect(page.locator(".node.destination")).to_have_count(150)
    expect(page.locator(".edge.broken")).to_have_count(3)
    assert overlaps(boxes(page, ".edge .plate, .node > rect:first-of-type")) == 0


def test_hostile_names_are_text(page: Page, hostile: Served) -> None:
    page.goto(hostile.address)
    expect(page.locator(".node")).to_have_count(3)
    assert page.locator("main script, main img").count() == 0
    page.locator(".node.service").first.click()
    expect(page.locator(".node.chosen")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_map_can_be_used_without_scripts(page: Page, broken: Served) -> None:
    assert page.context.browser is not None
    plain = page.context.browser.new_context(java_script_enabled=False).new_page()
    plain.goto(broken.address)
    follow(plain.locator(".node.service", has_text="order-service"), "service=order-service")
    expect(plain.locator(".node.near")).to_have_count(3)
    follow(plain.locator(".edge.broken text"), "/orphans/")
    expect(plain.locator("h1")).to_have_text("Message attributes were not requested")
    plain.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_the_way_here_is_told_for_each_language_and_protocol(
    page: Page, empty: Served, script: bool
) -> None:
    assert page.context.browser is not None
    reader = page.context.browser.new_context(java_script_enabled=script).new_page()
    reader.goto(empty.address)
    shown = reader.locator(".guide pre:visible")
    expect(shown.first).to_contain_text("OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
    reader.get_by_text("Go", exact=True).click()
    expect(shown.last).to_contain_text("otlptracegrpc.New(ctx)")
    reader.get_by_text("OTLP/HTTP", exact=True).click()
    expect(shown.last).to_contain_text("otlptracehttp.New(ctx)")
    reader.get_by_label("Go", exact=True).focus()
    reader.keyboard.press("ArrowRight")
    reader.keyboard.press("ArrowRight")
    expect(shown).to_contain_text("otlphttp/tracestitch:")
    reader.context.close()
