"""What a page weighs on its way, and what browsers keep."""

import asyncio
import re

import httpx
import pytest

from tests.unit.web.applications import application
from tests.unit.web.report.test_orphan_report import Queue, page_of
from tests.web_client import WebClient
from web.frame import STATIC, static_address

PAGES = ("/orphans", "/search", "/destinations", "/sampling", "/causes", "/status")
MOST_OF_A_PAGE = 20_000
MOST_OF_THE_FRAME = 16_000  # its scripts and style sheets, once


@pytest.fixture(scope="module")
def client() -> WebClient:
    queue = Queue()
    queue.connect(30)
    queue.orphan(30)
    return queue.client()


def weigh(client: WebClient, address: str, accept: str = "gzip") -> tuple[int, httpx.Response]:
    """Bytes of the body as sent."""

    async def ask() -> tuple[int, httpx.Response]:
        transport = httpx.ASGITransport(client._app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://web") as asking,
            asking.stream("GET", address, headers={"accept-encoding": accept}) as answer,
        ):
            return len(b"".join([part async for part in answer.aiter_raw()])), answer

    return asyncio.run(ask())


@pytest.mark.parametrize("address", ["/", *PAGES])
def test_pages_are_light(client: WebClient, address: str) -> None:
    weight, answer = weigh(client, address)
    assert weight < MOST_OF_A_PAGE
    assert weight < 1_000 or answer.headers["content-encoding"] == "gzip"
    plain, answer = weigh(client, address, "identity")
    assert "content-encoding" not in answer.headers
    assert plain > weight


def test_a_groups_page_is_light(client: WebClient) -> None:
    assert len(page_of(client)) < 4 * MOST_OF_A_PAGE


def test_the_frame_is_light(client: WebClient) -> None:
    names = ("style.css", "theme.js", "page.js", "keys.js", "times.js", "icon.svg")
    assert sum(weigh(client, f"/static/{name}")[0] for name in names) < MOST_OF_THE_FRAME


def test_a_file_that_is_named_with_its_digest_is_kept_others_are_asked_for_anew(
    client: WebClient,
) -> None:
    named = client.get(static_address("style.css"))
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    module = client.get("/static/page.js")
    assert module.headers["cache-control"] == "no-cache"
    assert module.headers["etag"]


@pytest.mark.parametrize("address", PAGES)
def test_every_style_sheet_is_named_with_its_digest(client: WebClient, address: str) -> None:
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', client.read(address).text)
    assert sheets
    assert all("?v=" in sheet for sheet in sheets)


def test_no_module_is_named_with_a_digest(client: WebClient) -> None:
    """Modules name one another without it: one under two names would run twice."""
    page = client.read("/orphans").text
    modules = re.findall(r'<script type="module" src="([^"]+)"', page)
    assert set(modules) == {"/static/page.js", "/static/live.js"}
    for file in STATIC.glob("*.js"):
        assert "?v=" not in file.read_text("utf-8")


def test_security_headers_stand_on_what_is_compressed(client: WebClient) -> None:
    headers = weigh(client, "/orphans")[1].headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["vary"] == "Accept-Encoding"
    assert application(Queue().scene.store()).read("/nowhere").status_code == 404
