"""Asking the JSON API in the process itself."""

import time
from typing import Any

import pytest
from starlette.applications import Starlette

from storage.contract import SpanStore
from tests.asked import open_answers
from tests.builders import request, span
from tracestitch.api_client import ask_for_all
from web.app import create_app
from web.flow_map.remarks import EdgeRemarks

SQS = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
NOTE = {"code": "S8", "title": "Some", "fix": None, "count": 1, "sends": None, "example": None}


class _OnEveryEdge(dict[Any, Any]):
    def get(self, *_: Any) -> list[dict[str, Any]]:
        return [NOTE]


def test_remarks_on_edges_are_there_however_long_they_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server leaves them out where they take too long for a reader."""

    def make_impatient(store: SpanStore) -> Starlette:
        app = create_app(store)
        app.state.remarks_patience_seconds = 0.0
        return app

    def read_slowly(_: SpanStore) -> EdgeRemarks:
        time.sleep(0.05)
        return EdgeRemarks(notes=_OnEveryEdge())

    monkeypatch.setattr("tracestitch.api_client.create_app", make_impatient)
    monkeypatch.setattr("web.flow_map.remarks.read_remarks", read_slowly)
    publish = span("order.publish", kind="PRODUCER", attributes=SQS)
    process = span("order.process", id=2, parent=1, kind="CONSUMER", attributes=SQS, at=1)

    with open_answers([request(publish, process)]) as get:
        (edge,) = ask_for_all(get, "/api/v1/edges", "edges")["edges"]

    assert edge["notes"] == [NOTE]
