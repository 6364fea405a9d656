"""Names of a megabyte: pages say them short, and whole where they are to be read."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest

from storage.engines import open_store
from tests.builders import batch, link, span
from tests.web_client import WebClient
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

LONG = 1_000_000
MOST_BYTES = 300_000
NAME = "N" * LONG
PAGES = [
    *("/", "/orphans", "/search", "/destinations", f"/traces/{1:032x}", f"/traces/{3:032x}"),
    *("/journeys?attribute=order.id=A", "/status", "/sampling"),
]


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    told = {
        "messaging.system": "kafka",
        "messaging.destination.name": "D" * LONG,
        "order.id": "A",
    }
    send = told | {"messaging.operation.type": "send"}
    take = told | {"messaging.operation.type": "process"}
    service = "S" * LONG
    with closing(open_store("memory:")) as store:
        store.append(
            batch(
                span(NAME, trace=1, kind="PRODUCER", service=service, attributes=send),
                span(
                    NAME,
                    trace=2,
                    kind="CONSUMER",
                    at=1,
                    service=service,
                    attributes=take,
                    links=[link(trace=1)],
                ),
                span(NAME, trace=3, kind="CONSUMER", at=1, service=service, attributes=take),
            ),
            1,
        )
        analysis = AnalysisLoop(store)
        while analysis.run_once():
            pass
        app = create_app(store)
        app.state.patience_seconds = 30.0
        yield WebClient(app)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_stays_small(client: WebClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert len(answer.content) < MOST_BYTES


@pytest.mark.parametrize("piece", ["rows?rows=0-9", "outline?"])
def test_a_piece_of_a_waterfall_stays_small(client: WebClient, piece: str) -> None:
    page = client.get("/journeys?attribute=order.id=A").text
    found = re.search(r'data-query="([^"]+)"', page)
    assert found is not None
    answer = client.get(f"/waterfall/{piece}&{unescape(found[1])}")
    assert answer.status_code == 200
    assert len(answer.content) < MOST_BYTES


def test_the_panel_of_a_span_has_the_whole_name(client: WebClient) -> None:
    assert NAME in client.get(f"/spans/{1:032x}/{1:016x}", part="true").text


def test_the_json_has_the_whole_name(client: WebClient) -> None:
    [stored] = client.get(f"/api/v1/traces/{3:032x}").json()["trace"]["spans"]
    assert stored["name"] == NAME
