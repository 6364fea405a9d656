"""Names made to break out, in every field that a sender fills, through every page and
every answer of the API, from both engines."""

import json
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from storage.contract import SpanStore
from storage.engines import open_store
from tests.builders import Built, batch, link, span
from tests.web_client import WebClient
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

HOSTILE = {
    "script": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover=\"alert(1)\" style='x' '><b",
    "template": "{{7*7}}{% for x in y %}${7*7}#{7*7}<%= 7*7 %>",
    "sql": "'; DROP TABLE spans; -- \" OR 1=1 /*",
    "path": "../../../../etc/passwd\\..\\..%2e%2e%2f?a#b",
    "address": "javascript:alert(1)//evil.example",
    "lines": "a\r\nSet-Cookie: owned=1\r\n\r\n<html>\u2028\u2029\x85",
    "direction": "\u202eexe.gpj\u2066\u200f\ufeff",
    "controls": "\x1b]0;owned\x07\x08\x7f\x01",
    "like": "%_\\%[a-z]*?",
    "emoji": "👩‍👩‍👧‍👦 🚨 \\0 %00 \\x00 \\u0000",
    "long": "long-name-" * 500,
}
_LOCAL = ("/", "#", "?", "data:,")


def traces_of(kind: str) -> list[int]:
    """Four for each kind."""
    first = 4 * list(HOSTILE).index(kind) + 1
    return list(range(first, first + 4))


def spans_named(kind: str) -> list[Built]:
    """Two traces joined by a link, and two broken hand-overs, with the text wherever there
    is room for one."""
    text, traces = HOSTILE[kind], traces_of(kind)
    held: dict[str, Any] = {
        "messaging.system": "kafka",
        "messaging.destination.name": text,
        "messaging.message.id": text,
        "messaging.consumer.group.name": text,
        "messaging.message.conversation_id": text,
        "order.id": text,
        text: text,
        "nested": {text: [text, {text: text}]},
    }
    resource = {
        "service.namespace": text,
        "deployment.environment.name": text,
        "service.version": text,
        text: text,
    }
    more: dict[str, Any] = {
        "service": text,
        "attributes": held,
        "resource": resource,
        "scope": text,
        "scope_version": text,
        "status": "ERROR",
        "status_message": text,
        "trace_state": text,
        "events": [(text, {text: text, "exception.message": text})],
    }
    linked = [link(trace=traces[0], attributes=held, trace_state=text)]
    return [
        span(text, trace=traces[0], kind="PRODUCER", **more),
        span(text, trace=traces[1], kind="CONSUMER", at=1, links=linked, **more),
        span(text, trace=traces[2], kind="CONSUMER", at=2, **more),
        span(text, trace=traces[3], parent=9, kind="CONSUMER", at=3, **more),
    ]


@pytest.fixture(scope="module", params=["memory", "duckdb"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SpanStore]:
    url = "memory:" if request.param == "memory" else f"duckdb:{tmp_path_factory.mktemp('store')}"
    with closing(open_store(url)) as opened:
        opened.append(batch(*(built for kind in HOSTILE for built in spans_named(kind))), 1)
        analysis = AnalysisLoop(opened)
        while analysis.run_once():
            pass
        yield opened


@pytest.fixture(scope="module")
def client(store: SpanStore) -> WebClient:
    app = create_app(store)
    app.state.patience_seconds = 30.0
    return WebClient(app)


SHOWING = (
    *("/", "/orphans", "/search", "/destinations", "/status", "/metrics", "/readyz"),
    *("/api/v1/connections?candidates=true&limit=1000", "/api/v1/orphans", "/api/v1/services"),
    *("/api/v1/edges", "/api/v1/status", "/api/v1/search", "/api/v1/orphans/groups"),
    *("/api/v1/correlation", "/api/v1/correlation?key=order.id"),
)
ASKED = {
    "/search": ("q", "service", "name", "attribute", "min_duration", "status", "from"),
    "/destinations": ("name", "system", "scope"),
    "/journeys": ("attribute", "trace_id", "scale"),
    "/login": ("next",),
    "/api/v1/connections": ("service", "destination", "trace_id", "relation", "from"),
    "/api/v1/orphans": ("cause", "service", "destination", "cursor", "limit"),
    "/api/v1/search": ("attribute", "service", "name", "status", "to", "cursor"),
    "/api/v1/journeys": ("attribute", "trace_id"),
    "/api/v1/correlation": ("key",),
}


def list_addresses(kind: str, traces: int) -> list[str]:
    """Pages and answers that show the text, of so many traces, and that are asked with it."""
    text = HOSTILE[kind]
    given = quote(text, safe="")
    ids = [f"{trace:032x}" for trace in traces_of(kind)]
    span_id = f"{1:016x}"
    order, itself = urlencode({"attribute": f"order.id={text}"}), f"{text}={text}"
    return [
        *(f"{start}traces/{trace}" for start in ("/", "/api/v1/") for trace in ids[:traces]),
        *(f"{start}journeys?trace_id={ids[1]}" for start in ("/", "/api/v1/")),
        *(f"{start}journeys?{order}" for start in ("/", "/api/v1/")),
        *(f"/spans/{ids[1]}/{span_id}{part}" for part in ("", "?part=true")),
        *(f"{path}?{urlencode({n: text})}" for path, names in ASKED.items() for n in names),
        f"/api/v1/search?{urlencode({'attribute': itself})}",
        *(f"{path}/{given}" for path in ("/orphans", "/traces", "/static", "/api/v1/traces")),
        f"/spans/{given}/{given}",
        *(f"/{given}", f"/?{given}={given}", f"/api/v1/{given}", f"/api/v1/status?{given}"),
    ]


class Markup(HTMLParser):
    """Collects what a browser would run, load or follow out of a page, and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "script" and "src" not in told:
            self.foreign.append("inline script")
        if tag in ("iframe", "object", "embed", "base", "img", "style", "html>"):
            self.foreign.append(tag)
        for name, value in told.items():
            if name.startswith("on") or name in ("srcdoc", "style"):
                self.foreign.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction") and value is not None:
                if not value.startswith(_LOCAL) or value.startswith(("//", "/\\")):
                    self.foreign.append(f"{tag} {name}={value}")
                if tag == "a":
                    self.links.add(value)


def check_answer(answer: httpx.Response, path: str) -> set[str]:
    """Asserts what holds for every answer; the links of a page."""
    assert answer.status_code in (200, 302, 303, 400, 404, 405), (path, answer.text)
    assert "set-cookie" not in answer.headers, path
    for name, value in answer.headers.items():
        assert value.isprintable(), (path, name)
    assert answer.headers["x-content-type-options"] == "nosniff"
    location = answer.headers.get("location", "/")
    assert location.startswith("/"), path
    assert not location.startswith(("//", "/\\")), path
    kind = answer.headers.get("content-type", "")
    if kind.startswith("application/json"):
        json.loads(answer.content)
    if not kind.startswith("text/html"):
        return set()
    markup = Markup()
    markup.feed(answer.text)
    assert markup.foreign == [], path
    return markup.links


def ask(client: WebClient, address: str) -> httpx.Response:
    return client.get(address) if address.startswith("/api/") else client.read(address)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_name_breaks_out_of_a_page_or_an_answer(
    kind: str, client: WebClient, store: SpanStore
) -> None:
    # The text of each trace comes from a store in the same columns.
    traces = 4 if store.status().engine == "memory" else 1
    for address in list_addresses(kind, traces):
        check_answer(ask(client, address), address)

    assert store.status().spans == 4 * len(HOSTILE)
    trace = client.get(f"/api/v1/traces/{traces_of(kind)[0]:032x}").json()["trace"]
    text = HOSTILE[kind]
    assert [(s["name"], s["attributes"]["order.id"]) for s in trace["spans"]] == [(text, text)]
    assert trace["spans"][0]["attributes"][text] == text


# The links are the same from both engines, and DuckDB was asked with every name above.
@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_pages_over_all_names_stay_whole_and_their_links_lead_back(client: WebClient) -> None:
    leading = {to for address in SHOWING for to in check_answer(ask(client, address), address)}
    pages = {to.partition("#")[0] or "/" for to in leading}

    assert len(pages) > len(HOSTILE)
    for address in sorted(pages):
        answer = ask(client, address)
        check_answer(answer, address)
        assert answer.status_code in (200, 302), address


def test_templates_show_braces_and_do_not_obey_them(client: WebClient) -> None:
    page = client.read(f"/traces/{traces_of('template')[0]:032x}").text

    assert "{{7*7}}" in page
    assert "${49}" not in page
    assert ">49" not in page


@pytest.mark.parametrize(
    "address",
    [
        *("/search?q=a%00b", "/traces/%00", "/orphans/%00", "/static/%00", "/%00"),
        *("/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"),
    ],
)
def test_null_bytes_and_ways_out_of_a_folder_are_refused(address: str, client: WebClient) -> None:
    for answer in (client.read(address), client.get(address)):
        assert answer.status_code in (400, 404, 405)
        check_answer(answer, address)
        assert "import" not in answer.text
        assert "root:" not in answer.text
