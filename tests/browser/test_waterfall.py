"""The waterfall in a real browser: places of bars, keys, folding, and pictures of any size."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from benchmarks.large_journeys import span_id
from storage.contract import SpanStore
from storage.engines import open_store
from tests.browser.conftest import Served, follow, serving
from tests.browser.large import ask, hold_to_layout, large_store, layout_of, row, scroll_to, show
from tests.builders import batch, span
from tracestitch.analysis import AnalysisLoop


@pytest.fixture(scope="module")
def large() -> Iterator[Served]:
    """1,000 spans in ten traces."""
    yield from serving(large_store(1_000))


@pytest.mark.parametrize("scale", ["folded", "true"])
def test_the_bars_lie_where_the_layout_says(page: Page, broken: Served, scale: str) -> None:
    root = ask(broken, "orphans")["orphans"][0]
    asked = f"trace_id={root['trace_id']}"
    show(page, broken, f"journeys?{asked}&scale={scale}")
    fall, names = layout_of(ask(broken, f"journeys?{asked}")["journey"], true_scale=scale == "true")
    expect(page.locator(".waterfall .row")).to_have_count(len(fall))
    hold_to_layout(page, fall, range(len(fall)), names)


def test_subtrees_fold_and_the_address_shows_the_same(page: Page, large: Served) -> None:
    show(page, large)
    below = page.locator(".row[aria-level='2']").first
    number = int(below.get_attribute("data-row") or 0)
    expect(row(page, number + 1)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("ArrowLeft")
    expect(row(page, number)).to_have_attribute("aria-expanded", "false")
    expect(row(page, number + 1)).to_be_hidden()
    expect(page).to_have_url(re.compile("fold=[0-9a-f]{16}"))
    page.reload()
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    expect(row(page, number)).to_have_attribute("aria-expanded", "false")
    expect(row(page, number + 1)).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(row(page, number)).to_have_attribute("aria-expanded", "true")
    expect(row(page, number + 1)).to_be_visible()


def test_the_rows_are_one_stop_for_the_tabulator(page: Page, large: Served) -> None:
    show(page, large)
    stops = page.locator(".waterfall .row[tabindex='0']")
    expect(stops).to_have_count(1)
    expect(stops).to_have_attribute("data-row", "0")
    stops.focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(stops).to_have_count(1)
    expect(stops).to_be_focused()


def test_a_service_and_all_traces_fold_at_once(page: Page, large: Served) -> None:
    show(page, large)
    page.locator("[data-fold-service='service-00']").click()
    expect(page).to_have_url(re.compile("fold=service:service-00"))
    expect(row(page, 0)).to_have_attribute("aria-expanded", "false")
    page.get_by_role("button", name="open all").click()
    expect(row(page, 0)).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="fold traces").click()
    expect(page).to_have_url(re.compile("fold=trace:"))
    expect(page.locator(".row.handover:visible + .row[aria-expanded='false']")).not_to_have_count(0)


def test_find_asks_for_all_rows_and_goes_there(page: Page, large: Served) -> None:
    show(page, large)
    page.keyboard.press("f")
    page.keyboard.type("/orders/9/57")
    expect(page.locator(".row.found")).to_have_count(1)
    expect(page.locator(".row.found")).to_be_in_viewport()
    expect(page.locator(f"#span-{span_id(9, 57).hex()}")).to_have_class(re.compile("found"))
    page.keyboard.press("Escape")
    expect(page.locator(".row.found")).to_have_count(0)
    expect(page.locator(".row.current")).to_be_focused()


def test_zoom_shows_a_part_of_the_time_and_is_in_the_address(page: Page, large: Served) -> None:
    show(page, large)
    before = page.locator(".ticks text").all_text_contents()
    ticks = page.locator(".ticks").bounding_box()
    assert ticks is not None
    page.mouse.move(ticks["x"] + 0.1 * ticks["width"], ticks["y"] + 10)
    page.mouse.down()
    page.mouse.move(ticks["x"] + 0.2 * ticks["width"], ticks["y"] + 10)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+"))
    expect(page.locator(".ticks text").first).not_to_have_text(before[0])
    zoomed = page.locator(".ticks text").all_text_contents()
    page.reload()
    assert page.locator(".ticks text").all_text_contents() == zoomed
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    page.keyboard.press("0")
    expect(page.locator(".ticks text").first).to_have_text(before[0])
    expect(page).not_to_have_url(re.compile("zoom="))


def test_another_scale_keeps_what_is_folded(page: Page, large: Served) -> None:
    show(page, large)
    page.get_by_role("button", name="fold traces").click()
    expect(page).to_have_url(re.compile("fold=trace:"))
    height = page.locator("[data-rows]").evaluate("(rows) => rows.style.height")
    to = "fold=trace:.*scale=true|scale=true.*fold=trace:"
    follow(page.get_by_role("link", name="true scale"), to)
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    assert page.locator("[data-rows]").evaluate("(rows) => rows.style.height") == height


def test_a_folded_row_says_how_many_below_it_failed(page: Page, dead_letters: Served) -> None:
    found = ask(dead_letters, "connections?limit=500")["connections"]
    dead = next(each for each in found if each["dead_letter"])
    show(page, dead_letters, f"journeys?trace_id={dead['producer']['trace_id']}")
    failed = page.locator(".row.span:has(.bar.err)").count()
    assert failed > 0
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    hides = page.locator(".hides-failed .hides")
    expect(hides).to_have_attribute("data-failed", f"{failed} failed")
    page.keyboard.press("ArrowRight")
    expect(hides).to_have_count(0)


def test_a_badge_says_how_it_is_known_by_hover_key_and_touch(page: Page, broken: Served) -> None:
    root = ask(broken, "orphans")["orphans"][0]
    show(page, broken, f"journeys?trace_id={root['trace_id']}#span-{root['span_id']}")
    popover = page.locator("[data-popover]")
    badge = page.locator(".row.k-cut [data-why]")
    badge.hover()
    expect(popover).to_contain_text("message")
    page.mouse.move(2, 2)
    expect(popover).to_be_hidden()
    expect(page.locator(".row.current")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("w")
    expect(popover).to_be_focused()
    page.keyboard.press("Escape")
    expect(popover).to_be_hidden()
    expect(page.locator(".row.current")).to_be_focused()
    badge.click()
    expect(popover).to_be_visible()
    page.locator("h1").click()
    expect(popover).to_be_hidden()


def test_details_follow_the_keys_filter_and_give_the_focus_back(page: Page, broken: Served) -> None:
    root = ask(broken, "orphans")["orphans"][0]
    show(page, broken, f"journeys?trace_id={root['trace_id']}")
    panel = page.locator("[data-panel]")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    title = panel.locator("h2").inner_text()
    page.keyboard.press("j")
    expect(panel.locator("h2")).not_to_have_text(title)
    expect(page.locator(".row.current")).to_be_in_viewport(ratio=1)
    panel.get_by_label("Filter attributes").fill("service.name")
    expect(panel.locator(".attributes tr:visible", has_not_text="service.name")).to_have_count(0)
    panel.get_by_role("button", name="next row").click()
    expect(panel.get_by_label("Filter attributes")).to_have_value("service.name")
    panel.get_by_role("button", name="close").click()
    expect(panel).to_be_hidden()
    expect(page.locator(".row.current")).to_be_focused()


def hostile_store() -> SpanStore:
    store = open_store("memory:")
    text = "<script>document.title='owned'</script>\u202e\x1b[31m\"' onload=alert(1) "
    spans = [
        span(
            f"{text}{number}" + "x" * (10_000 if number == 2 else 0),
            id=number,
            service=text,
            parent=None if number == 1 else 1,
            attributes={text: text, "order.id": "H"},
            at=number / 100,
        )
        for number in range(1, 200)
    ]
    store.append(batch(*spans), 1)
    analysis = AnalysisLoop(store)
    while analysis.run_once():
        pass
    return store


def test_hostile_names_stay_text(page: Page, serve: Callable[[SpanStore], str]) -> None:
    page.goto(f"{serve(hostile_store())}/journeys?attribute=order.id=H")
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    scroll_to(page, 1.0)
    expect(row(page, 198)).to_be_in_viewport()
    row(page, 198).locator(".lane").click()
    expect(page.locator("[data-panel]")).to_contain_text("<script>document.title='owned'")
    assert "owned" not in page.title().split("·")[-1]
    assert page.locator(".waterfall script, .panel script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    heights = page.locator(".row").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert len(set(heights)) == 1
    page.locator("[data-fold-service]").first.click()
    expect(row(page, 1)).to_be_hidden()
    expect(page).to_have_url(re.compile("fold="))
    page.reload()
    expect(page.locator(".row")).to_have_count(1)


def test_the_critical_path_leads_to_the_end_and_can_be_hidden(page: Page, broken: Served) -> None:
    root = ask(broken, "orphans")["orphans"][0]
    show(page, broken, f"journeys?trace_id={root['trace_id']}")
    pieces = page.locator(".row .critical")
    shown = pieces.filter(visible=True)  # a piece of a hundredth of the time has no pixel
    lane = page.locator(".lane > svg").first.bounding_box()
    assert lane is not None
    places = [piece.bounding_box() for piece in pieces.all()]
    ends = [place["x"] + place["width"] for place in places if place is not None]
    assert max(ends) == pytest.approx(lane["x"] + lane["width"], abs=1)
    page.keyboard.press("c")
    expect(shown).to_have_count(0)
    page.keyboard.press("c")
    expect(shown.first).to_be_visible()
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("critical=hidden"))
    page.reload()
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    expect(shown).to_have_count(0)
    button = page.get_by_role("button", name="critical path")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("scale=true&critical=hidden"))
    expect(page.locator("[data-waterfall][data-ready]")).to_have_count(1)
    button.click()
    expect(shown.first).to_be_visible()
    expect(page).not_to_have_url(re.compile("critical"))


def test_a_rail_joins_the_attempts_and_the_dead_letter(page: Page, dead_letters: Served) -> None:
    found = ask(dead_letters, "connections?limit=500")["connections"]
    dead = next(each for each in found if each["dead_letter"])
    show(page, dead_letters, f"journeys?trace_id={dead['producer']['trace_id']}")
    marks = page.locator(".rail.at")
    classes = marks.evaluate_all("marks => marks.map(mark => mark.className.split(' ').at(-1))")
    assert classes == ["bad", "bad", "bad", "dead"]
    first, last = marks.first.bounding_box(), marks.last.bounding_box()
    lane = page.locator(".lane").first.bounding_box()
    assert first is not None
    assert last is not None
    assert lane is not None
    assert first["x"] == last["x"] < lane["x"]
