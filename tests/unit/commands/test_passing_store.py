"""A store for spans that nobody keeps."""

import tempfile
from pathlib import Path

import pytest

from collector.decoded import UndecodableRequest
from collector.formats.packing import Request
from tests.builders import request, span
from tracestitch.api_client import ask, ask_for_all, ask_in_process
from tracestitch.passing_store import open_passing_store

ORDER = {"order.id": "123", "messaging.system": "aws_sqs", "messaging.message.id": "m"}
PUBLISH = span("order.publish", trace=1, kind="PRODUCER", service="shop", attributes=ORDER)
PROCESS = span("order.process", trace=2, kind="CONSUMER", service="pay", attributes=ORDER, at=1)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("on_disk", [False, True])
def test_requests_are_stitched_by_the_analyzer_and_nothing_stays(
    on_disk: bool, temporary: Path
) -> None:
    with open_passing_store(on_disk=on_disk) as (store, sink):
        for built in (PUBLISH, PROCESS):
            sink.take(Request(request(built), 1))
        sink.finish()
        get = ask_in_process(store)
        orphans = ask_for_all(get, "/api/v1/orphans", "orphans")["orphans"]
        status = ask(get, "/api/v1/status", {})
        assert any(temporary.iterdir()) is on_disk

    assert [(orphan["span_name"], orphan["producer"]["span_id"]) for orphan in orphans] == [
        ("order.process", PUBLISH.message.span_id.hex())
    ]
    assert (status["spans"], status["pending_spans"]) == (2, 0)
    assert list(temporary.iterdir()) == []


def test_correlation_keys_add_to_the_usual_ones() -> None:
    with open_passing_store(["acme.batch"]) as (store, sink):
        sink.take(Request(request(span(attributes={"acme.batch": "7"})), 1))
        sink.finish()
        get = ask_in_process(store)
        journey = ask(get, "/api/v1/journeys", {"attribute": "acme.batch=7"})["journey"]

    assert journey["key"] == "acme.batch"


def test_no_requests_have_answers_too() -> None:
    with open_passing_store() as (store, sink):
        sink.finish()
        get = ask_in_process(store)

        assert ask(get, "/api/v1/status", {})["spans"] == 0
        assert ask_for_all(get, "/api/v1/orphans", "orphans")["orphans"] == []


def test_a_failure_leaves_nothing_behind(temporary: Path) -> None:
    with pytest.raises(UndecodableRequest), open_passing_store(on_disk=True) as (_, sink):
        sink.take(Request(b"hello", 0))

    assert list(temporary.iterdir()) == []
