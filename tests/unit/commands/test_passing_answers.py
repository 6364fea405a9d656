"""Answers about requests that nobody keeps."""

import pytest

from collector.decoded import UndecodableRequest
from tests.builders import request, span
from tracestitch.api_client import ask, ask_for_all
from tracestitch.passing_answers import open_answers

ORDER = {"order.id": "123", "messaging.system": "aws_sqs", "messaging.message.id": "m"}


def test_requests_are_stitched_by_the_analyzer() -> None:
    publish = span("order.publish", trace=1, kind="PRODUCER", service="shop", attributes=ORDER)
    process = span("order.process", trace=2, kind="CONSUMER", service="pay", attributes=ORDER, at=1)

    with open_answers([request(publish), request(process)]) as get:
        orphans = ask_for_all(get, "/api/v1/orphans", "orphans")["orphans"]
        status = ask(get, "/api/v1/status", {})

    assert [(orphan["span_name"], orphan["producer"]["span_id"]) for orphan in orphans] == [
        ("order.process", publish.message.span_id.hex())
    ]
    assert (status["spans"], status["pending_spans"]) == (2, 0)


def test_correlation_keys_add_to_the_usual_ones() -> None:
    with open_answers([request(span(attributes={"acme.batch": "7"}))], ["acme.batch"]) as get:
        journey = ask(get, "/api/v1/journeys", {"attribute": "acme.batch=7"})["journey"]

    assert journey["key"] == "acme.batch"


def test_no_requests_have_answers_too() -> None:
    with open_answers([]) as get:
        assert ask(get, "/api/v1/status", {})["spans"] == 0
        assert ask_for_all(get, "/api/v1/orphans", "orphans")["orphans"] == []


def test_bytes_that_are_no_request_are_refused() -> None:
    with pytest.raises(UndecodableRequest), open_answers([b"hello"]):
        pytest.fail("an answer about garbage")
