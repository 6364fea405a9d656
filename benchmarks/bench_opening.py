"""How long a reader waits for a large waterfall, in a real Chromium.

    python -m benchmarks.bench_opening [SPANS ...]

For one journey of that many spans in traces of a hundred, and for one trace of as many: the
first opening by a server that has just started, and openings after it. Milliseconds on the
clock from the request until a row of the first paint can be seen, until the page obeys keys,
and until the last row has come after the key `End`. Beside it, in the same run, the status
page: what Chromium and the server take for a page with nothing to work out.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bench_journey_pages import fill
from benchmarks.large_journeys import ORDER, trace_id
from benchmarks.server import running_server
from storage.engines import open_store

FIRST_OPENINGS, OPENINGS = 3, 5
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PATIENCE_MS = 60_000
# Polled once a frame; a page without a waterfall obeys when it is loaded.
_OBEYS = """(waterfall) => {
  const ready = waterfall ? document.querySelector("[data-waterfall][data-ready]")
    : document.readyState === "complete";
  return ready ? performance.now() : 0;
}"""
_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
_AT_LAST_ROW = """() => {
  const last = document.querySelector("[data-rows]").ariaRowCount - 1;
  return document.activeElement?.dataset.row === String(last) ? performance.now() : 0;
}"""


def open_once(browser: Browser, address: str, waterfall: bool) -> list[float]:
    """Milliseconds to the first paint, to the page that obeys, and to its last row."""
    page: Page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(address, wait_until="commit")
    obeys = page.wait_for_function(_OBEYS, arg=waterfall).json_value()
    times = [page.evaluate(_PAINT), obeys]
    if waterfall:
        pressed = page.evaluate("performance.now()")
        page.keyboard.press("End")
        times.append(page.wait_for_function(_AT_LAST_ROW).json_value() - pressed)
    page.close()
    return times


def print_row(name: str, times: list[list[float]]) -> None:
    told = "".join(f"{statistics.median(column):9.0f}" for column in zip(*times, strict=True))
    print(f"{told}   {name}")


def report(browser: Browser, directory: Path, path: str, name: str) -> None:
    waterfall = path != "/status"

    def openings(address: str, times: int) -> list[list[float]]:
        return [open_once(browser, f"{address}{path}", waterfall) for _ in range(times)]

    firsts: list[list[float]] = []
    for _ in range(FIRST_OPENINGS):
        with running_server(directory) as server:
            # A server that has answered a page: imports are no part of a first opening.
            open_once(browser, f"{server.web}/status", waterfall=False)
            firsts += openings(server.web, 1)
            again = openings(server.web, OPENINGS)
            server.stop()
    print_row(f"{name}, first", firsts)
    print_row(f"{name}, again", again)


def main() -> None:
    chromium = next(filter(None, map(shutil.which, _NAMES)), None)
    if chromium is None:
        raise SystemExit("No Chromium on PATH; tests/browser/install_chromium.sh installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(f"{'paint':>9}{'obeys':>9}{'last row':>9}   ms, median")
        for spans in [int(text) for text in sys.argv[1:]] or [10_000, 100_000]:
            for per_trace in (100, spans):
                kind = "one trace" if per_trace == spans else "a journey"
                with tempfile.TemporaryDirectory() as name:
                    directory = Path(name)
                    store = open_store(f"duckdb:{directory}")
                    fill(store, spans, per_trace)
                    store.close()
                    path = (
                        f"/traces/{trace_id(0).hex()}"
                        if per_trace == spans
                        else f"/journeys?attribute=order.id={ORDER}"
                    )
                    report(browser, directory, "/status", "the status page")
                    report(browser, directory, path, f"{kind} of {spans:,} spans")
        browser.close()


if __name__ == "__main__":
    main()
