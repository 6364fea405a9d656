"""What has room in a waterfall: names beside badges, labels on its axis."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Served, open_page, serving
from tests.browser.large import ask
from tests.golden.recordings import open_recording

_CUT = """() => [...document.querySelectorAll(".row .label")]
  .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"""
# A hundredth of a pixel less, and an ellipsis takes the last letters.
_CUT_BADGES = """() => [...document.querySelectorAll(".row.span .chip:is(.warn, .bad)")]
  .filter((each) => {
    const has = each.getBoundingClientRect().width;
    each.style.flex = "none";
    const needs = each.getBoundingClientRect().width;
    each.style.flex = "";
    return has < needs;
  }).map((each) => each.textContent)"""
_TOUCHING = """() => {
  const shown = [...document.querySelectorAll(".ticks text")]
    .map((each) => each.getClientRects()[0]).filter(Boolean)
    .sort((one, two) => one.left - two.left);
  return shown.filter((each, at) => at > 0 && each.left <= shown[at - 1].right).length;
}"""

_OUTSIDE = """() => [...document.querySelectorAll(".lane > svg > text:not(.beside)")]
  .filter((each) => {
    const [text, lane] = [each, each.closest(".lane")].map((part) => part.getBoundingClientRect());
    return text.left < lane.left - 1 || text.right > lane.right + 1;
  }).map((each) => each.textContent)"""
_CHIPS = """() => [...document.querySelectorAll(".row.handover .chip:not(.note)")]
  .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth)
  .map((each) => each.textContent)"""


@pytest.fixture(scope="module")
def xray() -> Iterator[Served]:
    """Orphan roots with a badge and a note on them, below others."""
    yield from serving(open_recording("pipeline_xray_mixed")[0])


@pytest.mark.parametrize("width", [360, 390, 830, 1110, 1440])
def test_names_of_spans_have_room_first_and_labels_of_the_axis_do_not_touch(
    width: int, browser: Browser, xray: Served
) -> None:
    traces = dict.fromkeys(each["trace_id"] for each in ask(xray, "orphans")["orphans"])
    for page in open_page(browser, width, 900):
        for trace in traces:
            page.goto(f"{xray.address}/journeys?trace_id={trace}")
            assert page.evaluate(_CUT) == []
            assert page.evaluate(_CUT_BADGES) == []
            assert page.evaluate(_TOUCHING) == 0


@pytest.mark.parametrize("width", [360, 390, 830, 1440])
def test_what_is_told_beside_a_bar_has_room_there(
    width: int, browser: Browser, dead_letters: Served
) -> None:
    """An attempt that failed names its error beside a bar in the middle."""
    found = ask(dead_letters, "connections?limit=500")["connections"]
    traces = {each["producer"]["trace_id"] for each in found if each["dead_letter"]}
    for page in open_page(browser, width, 900):
        for trace in sorted(traces)[:4]:
            page.goto(f"{dead_letters.address}/journeys?trace_id={trace}")
            assert page.locator(".lane text", has_text="✕").count() >= 3
            assert page.evaluate(_OUTSIDE) == []
            assert page.evaluate(_CHIPS) == []
            named = page.locator(".lane .more").first
            assert named.is_visible() == (width > 1000)
