"""Alive, ready, and what monitoring reads."""

import pytest

from tests.answer_builders import Scene
from tests.unit.web.applications import application
from tests.web_client import WebClient
from web.app import create_app


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_is_alive_and_ready(client: WebClient, method: str) -> None:
    assert client.request(method, "/healthz").status_code == 200
    assert client.request(method, "/readyz").status_code == 200


def test_it_is_not_ready_while_a_listener_does_not_accept() -> None:
    def listen() -> None:
        raise RuntimeError("OTLP over gRPC does not accept.")

    client = WebClient(create_app(Scene().store(), ready=listen))
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").text == "OTLP over gRPC does not accept.\n"
    assert client.get("/healthz").status_code == 200


def test_it_is_not_ready_when_the_store_cannot_commit() -> None:
    store = Scene().store()
    client = application(store)
    store.close()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_it_asks_to_be_restarted_when_the_store_failed_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Scene().store()
    monkeypatch.setattr(store, "broken", True)
    answer = application(store).get("/healthz")
    assert answer.status_code == 503
    assert answer.text == "The store failed for good: restart.\n"


def test_metrics_are_openmetrics_text(client: WebClient) -> None:
    response = client.get("/metrics")
    assert response.headers["content-type"] == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    )
    lines = response.text.splitlines()
    assert response.text.endswith("# EOF\n")
    assert "tracestitch_spans 4.0" in lines
    assert "tracestitch_pending_spans 0.0" in lines
    assert 'tracestitch_build_info{store="memory",version="1.2.3"} 1.0' in lines
