"""The form for the token in a real Chromium."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from collector.access import Gate, Tokens
from collector.hosts import AllowedHosts
from storage.contract import SpanStore
from storage.engines import open_store
from tests.golden.recordings import open_recording
from tests.waiting import join
from web.app import create_app

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The address of an application that asks for the token."""
    yield from serve(open_recording("pipeline_healthy")[0])


@pytest.fixture(scope="module")
def guarded_empty() -> Iterator[str]:
    yield from serve(open_store("memory:"))


def serve(store: SpanStore) -> Iterator[str]:
    gate, hosts = Gate(lambda: Tokens(TOKEN), 0), AllowedHosts("127.0.0.1")
    app = create_app(store, gate=gate, hosts=hosts)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    join(thread)


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page that may complain: a refusal is a complaint in the console."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def enter(page: Page, token: str) -> None:
    page.get_by_label("Token of this server").fill(token)
    page.get_by_role("button", name="Log in").click()


def log_in(page: Page) -> None:
    enter(page, TOKEN)
    page.wait_for_url(lambda address: urlsplit(address).path != "/login")


def test_a_reader_logs_in_is_led_on_and_logs_out(stranger: Page, guarded: str) -> None:
    stranger.goto(f"{guarded}/search?name=order.publish")
    expect(stranger).to_have_url(f"{guarded}/login?next=%2Fsearch%3Fname%3Dorder.publish")
    enter(stranger, TOKEN[:-1])
    expect(stranger.get_by_role("alert")).to_have_text("The token is not this server's.")
    log_in(stranger)
    expect(stranger).to_have_url(f"{guarded}/search?name=order.publish")
    assert stranger.evaluate("document.cookie") == ""
    cookie = stranger.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")

    stranger.goto(f"{guarded}/")
    stranger.get_by_role("button", name="Log out").click()
    expect(stranger).to_have_url(f"{guarded}/login")
    stranger.goto(f"{guarded}/orphans")
    expect(stranger).to_have_url(f"{guarded}/login?next=%2Forphans")


def test_a_page_that_waits_for_spans_leads_to_the_form_when_the_session_ends(
    stranger: Page, guarded_empty: str
) -> None:
    stranger.clock.install()
    stranger.goto(f"{guarded_empty}/")
    log_in(stranger)
    expect(stranger.get_by_text("Waiting for the first span")).to_be_visible()
    stranger.context.clear_cookies()
    stranger.clock.fast_forward(3_000)  # to its next question
    expect(stranger).to_have_url(f"{guarded_empty}/login?next=%2F")


def test_the_form_fits_a_phone_and_both_themes(browser: Browser, guarded: str) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        page.goto(f"{guarded}/login")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.get_by_label("Token of this server").is_visible()
        context.close()


@pytest.fixture
def elsewhere(guarded: str) -> Iterator[str]:
    """A page of another site that tries to use the reader's session."""
    document = f"""<!doctype html><title>waiting</title>
<form method="post" action="{guarded}/logout"></form>
<script>
fetch("{guarded}/api/v1/status", {{credentials: "include"}})
  .then(answer => answer.text(), () => "refused")
  .then(told => {{ document.title = told.slice(0, 200); }});
</script>"""

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(document.encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    join(thread)
    server.server_close()


def test_a_page_of_another_site_can_neither_read_nor_log_out(
    stranger: Page, guarded: str, elsewhere: str
) -> None:
    stranger.goto(f"{guarded}/")
    log_in(stranger)
    stranger.goto(elsewhere)
    expect(stranger).to_have_title("refused")
    stranger.evaluate("document.forms[0].submit()")
    stranger.wait_for_url(f"{guarded}/login")
    stranger.goto(f"{guarded}/")
    expect(stranger.get_by_role("button", name="Log out")).to_be_visible()
