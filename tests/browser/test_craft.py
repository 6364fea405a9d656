"""What every page keeps: readable for assistive technology (axe), no script error, nothing
foreign, nothing that moves after the first paint, no page wider than its window. Over the
sample pipeline, and over names made to break out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from storage.contract import SpanStore, StoreError
from storage.engines import open_store
from tests.browser.conftest import SETTLED, Served, open_page, serving
from tests.browser.test_login import serve as serve_guarded
from tests.builders import batch
from tests.golden.recordings import read_requests, store_requests
from tests.unit.web.test_hostile_names import HOSTILE, spans_named
from tracestitch.analysis import AnalysisLoop

# Of a narrow phone, on which no wider one fails; of a tablet; of a desk. A tablet gets the pages
# of a desk that is made narrower: loading a page is most of what looking at it costs.
PHONE, TABLET, DESK = 360, 768, 1440
LOADED = (PHONE, DESK)
_HEIGHT = 900
# Broken, expected, not sampled and healthy hand-overs.
RECORDINGS = ("pipeline_xray_mixed", "pipeline_dead_letters", "py_celery_beat", "java_streams_k5")
_ALL_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# Colours depend on the page's shape only; they take most of the time.
_COLOURED = (PHONE, DESK)
# The dark theme is other values of the same names, and no rule for a width has a colour of its
# own.
_DARK = (DESK,)
_AXE = """async ([theme, rules, coloured]) => {
  document.documentElement.dataset.theme = theme;
  const left = { "color-contrast": { enabled: coloured } };
  const told = await axe.run({ runOnly: rules, rules: left, resultTypes: ["violations"] });
  return told.violations.flatMap((broken) => broken.nodes.slice(0, 3).map(
    (node) => `${broken.id} at ${node.target}: ${node.html.slice(0, 200)}`));
}"""
_WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) {
    if (!shift.hadRecentInput) shifts.push(
      `${shift.value.toFixed(4)}: ` + shift.sources.map(
        ({ node }) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 120)).join());
  }
}).observe({ type: "layout-shift", buffered: true });
"""
_WIDER = """() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over <= 0) return null;
  const wide = [...document.querySelectorAll("main *, header *")].find(
    (each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, svg"));
  return `${over} pixels wider: ${wide?.outerHTML.slice(0, 160)}`;
}"""


@pytest.fixture(scope="module")
def sample() -> Iterator[Served]:
    yield from serving(store_requests([r for n in RECORDINGS for r in read_requests(n)])[0])


@pytest.fixture(scope="module")
def hostile() -> Iterator[Served]:
    store = open_store("memory:")
    store.append(batch(*(built for kind in HOSTILE for built in spans_named(kind))), 1)
    analysis = AnalysisLoop(store)
    while analysis.run_once():
        pass
    yield from serving(store)


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    yield from serve_guarded(open_store("memory:"))


class _Gone:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise StoreError("The disk of the store is gone.")

        return fail


@pytest.fixture(scope="module")
def failing() -> Iterator[Served]:
    yield from serving(cast("SpanStore", _Gone()))


def addresses(served: Served) -> list[str]:
    """Every kind of page, and the errors."""
    orphans = httpx.get(f"{served.address}/api/v1/orphans?limit=1000").json()["orphans"]
    unknown = next((each for each in orphans if each["producer"] is None), orphans[0])
    root = max(orphans, key=lambda each: len(each["span_name"]))
    span = f"{root['trace_id']}/{root['span_id']}"
    return [
        *("/", "/orphans", "/orphans?state=healed", "/orphans?destination=nothing"),
        f"/orphans/of-{span.replace('/', '-')}",
        f"/orphans/of-{unknown['trace_id']}-{unknown['span_id']}",
        f"/candidates/{unknown['trace_id']}/{unknown['span_id']}",
        f"/journeys?trace_id={root['trace_id']}",
        f"/traces/{root['trace_id']}",
        f"/spans/{span}",
        *("/search", "/search?q=nothing-of-this-kind", "/destinations", "/sampling"),
        _destination(served),
        *("/causes", "/causes/S5", "/status"),
        *("/orphans/0123456789ab", "/search?status=odd", "/nowhere"),
    ]


def _destination(served: Served) -> str:
    edges = httpx.get(f"{served.address}/api/v1/edges").json()["edges"]
    names = [edge["destination"] for edge in edges if edge["destination"]]
    return str(httpx.URL("/destinations", params={"name": max(names, key=len)}))


@pytest.mark.timeout(360)
@pytest.mark.parametrize("content", ["sample", "hostile"])
@pytest.mark.parametrize("width", LOADED)
def test_every_page_is_well_made(
    width: int, content: str, browser: Browser, request: pytest.FixtureRequest
) -> None:
    served: Served = request.getfixturevalue(content)
    with _page(browser, width) as (page, problems):
        for address in addresses(served):
            page.goto(f"{served.address}{address}")
            problems += [f"{address}: {found}" for found in _look(page, width)]


@pytest.mark.timeout(360)
@pytest.mark.parametrize("width", LOADED)
def test_empty_guarded_and_failing_pages_are_well_made(
    width: int, browser: Browser, empty: Served, guarded: str, failing: Served
) -> None:
    paths = ("/", "/orphans", "/search", "/destinations", "/sampling", "/status")
    pages = [f"{empty.address}{path}" for path in paths]
    pages += [f"{guarded}/login", f"{failing.address}/orphans"]
    with _page(browser, width) as (page, problems):
        for address in pages:
            page.goto(address)
            problems += [f"{address}: {found}" for found in _look(page, width)]


@contextmanager
def _page(browser: Browser, width: int) -> Iterator[tuple[Page, list[str]]]:
    problems: list[str] = []
    for page in open_page(browser, width, _HEIGHT, statuses=(400, 404, 503)):
        page.set_default_timeout(60_000)  # many pages at once, perhaps on a busy machine
        page.add_init_script(_WATCH)
        yield page, problems
    assert not problems, "\n".join(problems)


def _look(page: Page, width: int) -> list[str]:
    """At a page that was loaded at this width."""
    page.evaluate(SETTLED)
    found = [f"moved {shift}" for shift in page.evaluate("shifts")]
    page.evaluate(AXE_SCRIPT)
    found += _look_at(page, width)
    if width == DESK:
        page.set_viewport_size({"width": TABLET, "height": _HEIGHT})
        page.evaluate(SETTLED)
        found += [f"made narrower: {said}" for said in _look_at(page, TABLET)]
        page.set_viewport_size({"width": DESK, "height": _HEIGHT})
    return found


def _look_at(page: Page, width: int) -> list[str]:
    coloured = width in _COLOURED
    wider = page.evaluate(_WIDER)
    found = [wider] if wider else []
    themes = (("light", _ALL_RULES), ("dark", _COLOURS))
    for theme, rules in themes if width in _DARK else themes[:1]:
        found += [f"{theme}: {said}" for said in page.evaluate(_AXE, [theme, rules, coloured])]
    return found
