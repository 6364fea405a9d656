"""Pages and answers about consumers whose producers were deleted."""

from typing import Any

import pytest

from storage.contract import SpanStore
from storage.engines import open_store
from tests.builders import batch, link, span
from tests.unit.web.applications import application
from tracestitch.analysis import AnalysisLoop
from tracestitch.retention import RetentionLoop

QUEUE = {
    "messaging.system": "aws_sqs",
    "messaging.destination.name": "orders",
    "messaging.message.id": "7d9f1c52-5a0e-4a8a-9c1e-aaaaaaaaaaaa",
    "order.id": "ORD-1",
}
PRODUCER, LINKED, STITCHED = (f"{number:032x}" for number in (1, 2, 3))


@pytest.fixture
def store() -> SpanStore:
    """Two consumers of a deleted producer: one by a link, one by the message's id."""
    store = open_store("memory:")
    analysis = AnalysisLoop(store)
    told: dict[str, Any] = {"service": "pay", "kind": "CONSUMER", "at": 1.0, "attributes": QUEUE}
    appends = [
        span("publish", trace=1, id=11, service="shop", kind="PRODUCER", attributes=QUEUE),
        span("process", trace=2, id=21, links=[link(trace=1, id=11)], **told),
        span("process", trace=3, id=31, **told),
    ]
    for one in appends:
        store.append(batch(one), 1)
        while analysis.run_once():
            pass
    assert RetentionLoop(store, analysis).delete_until(1, "age") == 1
    return store


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/orphans",
        "/search",
        "/journeys?attribute=order.id%3DORD-1",
        f"/traces/{LINKED}",
        f"/traces/{STITCHED}",
        "/destinations?system=aws_sqs&scope=&name=orders",
    ],
)
def test_every_page_is_shown(page: str, store: SpanStore) -> None:
    answer = application(store).read(page)
    assert answer.status_code == 200, answer.text


def test_the_trace_of_the_producer_is_not_there_any_more(store: SpanStore) -> None:
    client = application(store)
    assert client.read(f"/traces/{PRODUCER}").status_code == 404
    assert client.get(f"/api/v1/traces/{PRODUCER}").status_code == 404


def test_answers_name_the_producer_that_is_gone(store: SpanStore) -> None:
    client = application(store)
    connections = client.get("/api/v1/connections").json()["connections"]
    assert sorted(c["consumer"]["trace_id"] for c in connections) == [LINKED, STITCHED]
    for connection in connections:
        assert connection["producer"]["trace_id"] == PRODUCER
        assert connection["producer"]["service_name"] == "shop"
        assert connection["producer"]["span_name"] == "publish"
    (orphan,) = client.get("/api/v1/orphans").json()["orphans"]
    assert orphan["producer"] == {"trace_id": PRODUCER, "span_id": f"{11:016x}"}


def test_a_journey_goes_on_without_its_beginning(store: SpanStore) -> None:
    client = application(store)
    for asked in ({"attribute": "order.id=ORD-1"}, {"trace_id": LINKED}):
        journey = client.get("/api/v1/journeys", **asked).json()["journey"]
        assert LINKED in [one["trace_id"] for one in journey["spans"]]
        assert PRODUCER not in [one["trace_id"] for one in journey["spans"]]
    told = client.get(f"/api/v1/traces/{LINKED}").json()["trace"]
    assert told["connections"][0]["producer"]["trace_id"] == PRODUCER
