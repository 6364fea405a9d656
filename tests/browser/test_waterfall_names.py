"""What has room in a waterfall: names beside badges, labels on its axis."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Served, open_page, serving
from tests.browser.large import ask
from tests.golden.recordings import open_recording

_CUT = """() => [...document.querySelectorAll(".row .label")]
  .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"""
_TOUCHING = """() => {
  const shown = [...document.querySelectorAll(".ticks text")]
    .map((each) => each.getClientRects()[0]).filter(Boolean)
    .sort((one, two) => one.left - two.left);
  return shown.filter((each, at) => at > 0 && each.left <= shown[at - 1].right).length;
}"""


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
            assert page.evaluate(_TOUCHING) == 0
