"""A real Chromium and the real application over a recording of the sample pipeline."""

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from storage.contract import SpanStore
from storage.engines import open_store
from tests.golden.recordings import open_recording
from tests.waiting import join
from web.app import create_app

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Of anything waited for, ms: the machine may be busy, and nobody waits where all is well.
_PATIENCE = 30_000
# For `evaluate`: what the last frame moved has been told.
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))"
BROKEN = "pipeline_attributes_not_requested"
DEAD_LETTERS = "pipeline_dead_letters"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is not None:
        return found
    sentence = "No Chromium on PATH; tests/browser/install_chromium.sh installs it."
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)  # the reader of `make test` has seen one loud line about it


# Not for the session: while Playwright runs, other tests cannot start an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = _chromium()
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield started
        started.close()


@dataclass(frozen=True, slots=True)
class Served:
    address: str
    store: SpanStore


def serving(store: SpanStore) -> Iterator[Served]:
    """For fixtures: yields once, and stops the server after that."""
    app = create_app(store, version="1.2.3", decoder="python", otlp_grpc_address="127.0.0.1:4317")
    app.state.patience_seconds = 30.0
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}", store)
    server.should_exit = True
    join(thread)


@pytest.fixture(scope="package")
def broken() -> Iterator[Served]:
    """Orders whose messages lost their context between order and payment service."""
    yield from serving(open_recording(BROKEN)[0])


@pytest.fixture(scope="package")
def dead_letters() -> Iterator[Served]:
    yield from serving(open_recording(DEAD_LETTERS)[0])


@pytest.fixture(scope="package")
def empty() -> Iterator[Served]:
    yield from serving(open_store("memory:"))


@pytest.fixture
def behind() -> Iterator[ExitStack]:
    """What ends after the pages of a test, which ask their server as long as they are there."""
    with ExitStack() as stack:
        yield stack


served = contextmanager(serving)


@pytest.fixture
def growing(behind: ExitStack) -> Served:
    """An empty store that spans will arrive in."""
    return behind.enter_context(served(open_store("memory:")))


@pytest.fixture
def serve(behind: ExitStack) -> Callable[[SpanStore], str]:
    """Serves a store while the test runs, and gives its address."""
    return lambda store: behind.enter_context(served(store)).address


def open_page(
    browser: Browser, width: int, height: int, statuses: tuple[int, ...] = ()
) -> Iterator[Page]:
    """A page that must not complain; that an answer has one of the statuses is no complaint."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if _complains(said, statuses) else None,
    )
    page.on("request", lambda asked: complaints.extend(_foreign(asked.url)))
    yield page
    context.close()
    assert complaints == []


def follow(link: Locator, to: str) -> None:
    """Clicks what leads to another page, and waits until that one is there with its scripts:
    right after a click the old one still answers. `to` is found in the new address only."""
    assert not re.search(to, link.page.url)
    link.click()
    link.page.wait_for_url(re.compile(to))


def _complains(said: ConsoleMessage, statuses: tuple[int, ...]) -> bool:
    expected = any(f"status of {status} " in said.text for status in statuses)
    return said.type in ("error", "warning") and not expected


def _foreign(url: str) -> list[str]:
    return [] if url.startswith(("http://127.0.0.1:", "data:", "blob:")) else [f"asked for {url}"]


@pytest.fixture
def page(browser: Browser, behind: ExitStack) -> Iterator[Page]:  # noqa: ARG001 - for the order
    """A desk: 1440 pixels wide."""
    yield from open_page(browser, 1440, 900)


@pytest.fixture
def phone(browser: Browser, behind: ExitStack) -> Iterator[Page]:  # noqa: ARG001
    yield from open_page(browser, 390, 844)
