"""Answers over everything that is stored: new for each page, kept where very much is stored."""

import threading
import time

import pyarrow as pa
import pytest
from starlette.requests import Request

from storage.contract import SpanStore
from tests.unit.web.applications import application, small_scene
from tests.web_client import WebClient
from web import overviews
from web.app import create_app

PAGES = ["/", "/orphans"]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "LARGE_SPANS", 0)


def in_haste(store: SpanStore) -> WebClient:
    """Of a server that lets nobody wait."""
    app = create_app(store)
    app.state.patience_seconds = 0.0
    return WebClient(app)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.usefixtures("large")
def test_a_large_store_shows_the_same_pages_to_who_waits(address: str) -> None:
    answer = application(small_scene().store()).get(address)
    assert answer.status_code == 200
    assert "Working it out" not in answer.text


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.usefixtures("large")
def test_what_takes_long_says_so_and_asks_again(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = small_scene().store()
    go_on = threading.Event()
    edges = store.edges

    def slow() -> pa.Table:
        go_on.wait(30)
        return edges()

    monkeypatch.setattr(store, "edges", slow)
    answer = in_haste(store).get(address)
    go_on.set()
    assert answer.status_code == 200
    assert "Working it out" in answer.text
    assert answer.headers["refresh"] == "1"


@pytest.mark.parametrize("address", PAGES)
def test_a_small_store_is_read_for_each_page(address: str) -> None:
    client = in_haste(small_scene().store())
    assert "Working it out" not in client.get(address).text


def test_all_that_a_page_waits_for_share_its_patience() -> None:
    app = create_app(small_scene().store())
    app.state.patience_seconds = 0.05
    request = Request({"type": "http", "app": app})
    assert 0.04 < overviews.patience_left(request) <= 0.05
    time.sleep(0.06)
    assert overviews.patience_left(request) == 0.0
    assert overviews.patience_left(Request({"type": "http", "app": app})) > 0.04
