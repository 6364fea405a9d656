"""Requests that were recorded, or come to a port that belongs to many tests in turn."""

import gzip
from pathlib import Path

import pytest

from collector.decoded import UndecodableRequest
from collector.python_decoder import parse_request
from tests.builders import EPOCH, SECOND, request, span
from tracestitch.testing.received import keep_ended_since, read_recorded


def names(payload: bytes) -> list[str]:
    return [
        one.name
        for resource_spans in parse_request(payload).resource_spans
        for scope_spans in resource_spans.scope_spans
        for one in scope_spans.spans
    ]


def test_spans_that_ended_before_the_test_are_left_out() -> None:
    sent = request(
        span("before", id=1, at=0), span("now", id=2, at=5), span("early", service="b", at=1)
    )

    kept, left_out = keep_ended_since(sent, EPOCH + 3 * SECOND)

    assert (names(kept), left_out) == (["now"], 2)


def test_a_request_without_such_spans_stays_as_it_was() -> None:
    sent = request(span("now", id=2, at=5))

    assert keep_ended_since(sent, EPOCH) == (sent, 0)


def test_garbage_is_no_request() -> None:
    with pytest.raises(UndecodableRequest):
        keep_ended_since(b"hello", 0)


def test_recorded_spans_are_read_from_bytes_and_from_files(tmp_path: Path) -> None:
    sent = request(span("order.publish"))
    file = tmp_path / "spans.pb.gz"
    file.write_bytes(gzip.compress(sent))

    for recorded in (sent, gzip.compress(sent), file, str(file)):
        assert [name for each in read_recorded(recorded) for name in names(each)] == [
            "order.publish"
        ]


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")

    with pytest.raises(ValueError, match=r"notes\.txt, byte 0: .*\.$"):
        read_recorded(file)
    with pytest.raises(ValueError, match=r"^byte 0: "):
        read_recorded(b"hello")
    with pytest.raises(FileNotFoundError):
        read_recorded(tmp_path / "nothing")
