"""Readers see what was acknowledged."""

import asyncio

import pytest

from storage.memory import MemoryStore
from tests.builders import batch, span
from tests.web_client import WebClient
from web.app import create_app
from web.freshness import FreshReads


def test_an_answer_comes_after_what_was_acknowledged_is_stored() -> None:
    store = MemoryStore()

    async def flush() -> None:
        store.append(batch(span(service="shop")), 1)

    client = WebClient(create_app(store, flush=flush))

    assert client.get("/api/v1/services").json() == {"services": ["shop"]}


@pytest.mark.parametrize(
    ("path", "flushes"),
    [
        ("/", 1),
        ("/api/v1/search", 1),
        ("/api/v1/no-such-thing", 1),
        ("/api/v1/status", 0),
        ("/healthz", 0),
        ("/readyz", 0),
        ("/metrics", 0),
        ("/static/no-such-file", 0),
    ],
)
def test_only_what_reads_spans_asks_for_them(path: str, flushes: int) -> None:
    asked = []

    async def flush() -> None:
        asked.append(path)

    WebClient(create_app(MemoryStore(), flush=flush)).get(path)

    assert len(asked) == flushes


def test_a_store_that_cannot_be_written_is_read_all_the_same() -> None:
    cancelled = []

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    app = FreshReads(create_app(MemoryStore()), never, patience=0.01)

    assert WebClient(app).get("/api/v1/services").json() == {"services": []}
    assert cancelled == [True]


def test_a_flush_that_fails_is_no_failure_of_the_answer() -> None:
    async def fail() -> None:
        raise RuntimeError("the pipeline has a fault")

    client = WebClient(create_app(MemoryStore(), flush=fail))

    assert client.get("/api/v1/services").status_code == 200


def test_spans_on_their_way_into_the_store_are_pending() -> None:
    store = MemoryStore()
    store.append(batch(span()), 1)
    client = WebClient(create_app(store, waiting_spans=lambda: 7))

    assert client.get("/api/v1/status").json()["pending_spans"] == 8
