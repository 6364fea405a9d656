"""The token before pages and API, and the form for browsers."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import httpx
import pytest

from collector.access import MISSING, WRONG, Gate, Tokens
from collector.hosts import AllowedHosts
from storage.contract import StoreError
from storage.memory import MemoryStore
from web.access.login import local_address
from web.access.sessions import MOST_SESSIONS, SESSION_SECONDS, Sessions
from web.app import create_app

TOKEN = "right-right-right-right"
PAGE = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded", **PAGE}
BEARER = {"authorization": f"Bearer {TOKEN}"}

Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]


def browse(scenario: Scenario, *, base: str = "http://localhost:8080", ready: str = "") -> None:
    """A browser with its cookies before an empty store whose token is TOKEN."""

    def check() -> None:
        if ready:
            raise StoreError(ready)

    async def within() -> None:
        app = create_app(
            MemoryStore(),
            ready=check,
            gate=Gate(lambda: Tokens(TOKEN), 0),
            hosts=AllowedHosts("127.0.0.1", ["traces.example"]),
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            await scenario(client)

    asyncio.run(within())


async def log_in(client: httpx.AsyncClient, token: str = TOKEN, **more: str) -> httpx.Response:
    fields = urlencode({"token": token, "next": "/orphans"})
    return await client.post("/login", content=fields, headers=FORM | more)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/status", "/api/v1/journeys?attribute=a=b", "/metrics", "/", "/nowhere", "/logins"],
)
@pytest.mark.parametrize("shown", [None, "wrong", TOKEN[:-1], TOKEN + "x"])
def test_without_the_token_nothing_is_told(path: str, shown: str | None) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        headers = {} if shown is None else {"authorization": f"Bearer {shown}"}
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="tracestitch"'
        message = MISSING if shown is None else WRONG
        assert answer.json() == {"error": {"message": message, "parameter": None}}
        assert (await client.get(path, headers=headers | PAGE)).status_code in (303, 401)

    browse(scenario)


def test_with_the_token_everything_is_answered() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for path in ("/api/v1/status", "/metrics", "/", "/orphans"):
            assert (await client.get(path, headers=BEARER)).status_code == 200

    browse(scenario)


def test_probes_the_form_and_what_it_needs_are_open() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for path in ("/healthz", "/readyz", "/login", "/static/style.css"):
            assert (await client.get(path)).status_code == 200
        for path in ("/static/../api/v1/status", "/static/%2e%2e/api/v1/status", "//metrics"):
            assert (await client.get(path)).status_code in (401, 404)

    browse(scenario)


def test_why_it_is_not_ready_is_told_to_those_who_may_read() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        told = [(await client.get("/readyz", headers=h)).text for h in ({}, BEARER)]
        assert told == ["not ready\n", "The disk of /secret is full.\n"]

    browse(scenario, ready="The disk of /secret is full.")


def test_a_browser_is_led_to_the_form_and_back() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        asked = "/journeys?attribute=order.id%3D1&scale=true"
        led = await client.get(asked, headers=PAGE)
        assert led.status_code == 303
        assert led.headers["location"].startswith("/login?next=%2Fjourneys")
        form = await client.get(led.headers["location"], headers=PAGE)
        assert form.status_code == 200
        assert "/journeys?attribute=order.id%3D1&amp;scale=true" in form.text
        assert "up to date" not in form.text
        answer = await log_in(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/orphans")
        page = await client.get("/orphans", headers=PAGE)
        assert page.status_code == 200
        assert "Log out" in page.text
        assert (await client.get("/api/v1/status")).status_code == 200
        assert (await client.get("/login", headers=PAGE)).status_code == 303

    browse(scenario)


def test_a_proxys_own_password_is_neither_a_token_nor_in_the_way() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        basic = PAGE | {"authorization": "Basic dXNlcjpwYXNz"}
        assert (await client.get("/orphans", headers=basic)).status_code == 303
        await log_in(client, authorization="Basic dXNlcjpwYXNz")
        assert (await client.get("/orphans", headers=basic)).status_code == 200

    browse(scenario)


def test_the_cookie_is_kept_from_scripts_other_sites_and_holds_nothing_of_the_token() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        cookie = (await log_in(client)).headers["set-cookie"]
        assert cookie.startswith("tracestitch=")
        for part in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_SECONDS}"):
            assert part in cookie
        assert "Secure" not in cookie
        assert TOKEN not in cookie
        assert "Domain" not in cookie

    browse(scenario)


@pytest.mark.parametrize(
    ("base", "headers"),
    [("https://localhost", {}), ("http://localhost", {"x-forwarded-proto": "https"})],
)
def test_under_tls_the_cookie_is_secure(base: str, headers: dict[str, str]) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        cookie = (await log_in(client, **headers)).headers["set-cookie"]
        assert cookie.startswith("__Host-tracestitch=")
        assert "Secure" in cookie

    browse(scenario, base=base)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[1:], TOKEN + "\0", "\udcff", "é"])
def test_a_wrong_token_is_a_form_again_and_no_session(token: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        fields = urlencode({"token": token}, errors="surrogatepass")
        answer = await client.post("/login", content=fields + "&next=/", headers=FORM)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert TOKEN not in answer.text

    browse(scenario)


@pytest.mark.parametrize(
    "body", [b"", b"x" * 20_000, b"\xff\xfe", b"&".join([b"a=b"] * 50), b"{}", b"token"]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/login", content=body, headers=FORM)
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers

    browse(scenario)


def test_logging_out_ends_the_session_also_for_who_kept_the_cookie() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        kept = {"cookie": f"tracestitch={client.cookies['tracestitch']}"}
        answer = await client.post("/logout", headers=FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert 'tracestitch=""' in answer.headers["set-cookie"]
        assert (await client.get("/api/v1/status")).status_code == 401
        assert (await client.get("/api/v1/status", headers=kept)).status_code == 401

    browse(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost:8080"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_can_neither_log_in_nor_out(headers: dict[str, str]) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await log_in(client, **headers)).status_code == 400
        await log_in(client)
        await client.post("/logout", headers=FORM | headers)
        assert (await client.get("/api/v1/status")).status_code == 200

    browse(scenario)


def test_the_form_of_this_very_origin_is_taken() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await log_in(client, origin="http://localhost:8080")
        assert answer.status_code == 303

    browse(scenario)


@pytest.mark.parametrize("cookie", ["tracestitch=", "tracestitch=x", 'tracestitch="\\', "a=b;;;="])
def test_a_made_up_cookie_is_no_session(cookie: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/metrics", headers={"cookie": cookie})).status_code == 401

    browse(scenario)


@pytest.mark.parametrize(
    "asked",
    [
        *("//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"),
        *("", "evil.example", "/\tevil", "/\r\nSet-Cookie: a=b", "/\0", "/\u202e", "/" * 5000),
        *("/login", "/login?next=/login", "/logout", "\\\\evil", " //evil.example"),
    ],
)
def test_after_the_form_nobody_is_led_elsewhere(asked: str) -> None:
    assert local_address(asked) == "/"


def test_after_the_form_one_is_led_back() -> None:
    asked = "/journeys?attribute=a=//b&x=é#span-1"
    assert local_address(asked) == asked


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "[::1", "localhost/x", "é"])
@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/login", "/healthz", "/static/page.js"])
def test_under_a_foreign_name_there_is_no_answer(host: str, path: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for more in ({}, PAGE):
            headers = BEARER | more | {"host": host}
            encoded = [(k.encode(), v.encode("utf-8")) for k, v in headers.items()]
            answer = await client.get(path, headers=encoded)
            assert answer.status_code == 421
            assert "--allowed-host" in answer.text
            assert "content-security-policy" in answer.headers

    browse(scenario)


def test_under_an_allowed_name_there_is() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/status", headers=BEARER | {"host": "traces.example"})
        assert answer.status_code == 200

    browse(scenario)


def test_a_session_ends_with_its_time_its_token_and_when_there_are_too_many() -> None:
    now, accepted = [0.0], [Tokens("new", "old")]
    sessions = Sessions(Gate(lambda: accepted[-1]), lambda: now[0])
    names = [sessions.start(token) for token in ("new", "old")]
    new, old = (str(name) for name in names)
    assert sessions.start("other") is None
    assert sessions.holds(new)
    assert sessions.holds(old)

    accepted.append(Tokens("new"))
    assert (sessions.holds(new), sessions.holds(old)) == (True, False)

    now[0] = SESSION_SECONDS
    assert not sessions.holds(new)

    first, *_ = [str(sessions.start("new")) for _ in range(MOST_SESSIONS)]
    assert sessions.holds(first)
    last = str(sessions.start("new"))
    assert (sessions.holds(first), sessions.holds(last)) == (False, True)


def test_the_empty_page_says_how_to_send_with_token_and_tls() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        page = (await client.get("/", headers=BEARER | PAGE)).text
        assert "OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost:4317" in page
        assert "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20&lt;token&gt;" in page
        assert "authorization: Bearer &lt;token&gt;" in page
        assert "ca_file: ca.pem" in page
        assert "insecure" not in page
        assert TOKEN not in page

    browse(scenario, base="https://localhost")


def test_without_a_token_there_is_no_form() -> None:
    async def within() -> None:
        transport = httpx.ASGITransport(create_app(MemoryStore()))
        async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
            assert (await client.get("/login")).headers["location"] == "/"
            assert (await client.post("/login", content=b"token=x")).headers["location"] == "/"
            assert (await client.post("/logout")).status_code == 303
            assert "Log out" not in (await client.get("/", headers=PAGE)).text

    asyncio.run(within())
