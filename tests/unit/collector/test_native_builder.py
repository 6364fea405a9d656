"""A native builder over its life: what it takes back, seals, and lets others do meanwhile."""

import logging
import sys
import threading
from typing import Any

import pytest

from benchmarks.workload import make_requests
from collector import decoding
from collector.decoded import Appended, BatchBuilder, UndecodableRequest
from collector.python_decoder import PythonDecoder
from storage.schema import BATCH_SCHEMAS, SpanBatch
from tests.builders import link, request, span
from tests.unit.collector.same_tables import (
    NATIVE,
    PYTHON,
    append_to_both,
    assert_same,
    assert_same_tables,
)
from tests.waiting import join

MIB = 1 << 20
REQUESTS = [payload for _, payload in make_requests(3_000, per_request=200)]


def cut_in_the_last_span(payload: bytes) -> bytes:
    """All of it is well formed but the last byte: a field that has no value."""
    bad = b"\x12\x06\x12\x04\x0a\x00\x4a\x7f"
    return payload + b"\x0a" + bytes([len(bad)]) + bad


def test_a_refused_request_leaves_a_filled_builder_as_it_was() -> None:
    ours, oracle = NATIVE.builder(), PYTHON.builder()
    for payload in REQUESTS:
        held = ours.nbytes
        assert not append_to_both(ours, oracle, cut_in_the_last_span(payload))
        assert (ours.spans, ours.nbytes) == (oracle.spans, held)
        assert append_to_both(ours, oracle, payload)
    assert_same_tables(ours.seal(), oracle.seal())


def test_what_a_refused_request_brought_is_new_when_it_comes_again() -> None:
    """Resources, scopes, shapes, correlation sets and keys stand once, and stand."""
    new = request(
        span(
            kind="CONSUMER",
            service="new",
            scope="new",
            attributes={"order.id": "new", "messaging.message.id": "m", "messaging.system": "new"},
        )
    )
    known = request(span(attributes={"order.id": "known"}))
    taken = assert_same(known, cut_in_the_last_span(new), known, new, cut_in_the_last_span(new))
    assert taken == (True, False, True, True, False)


def test_keys_of_large_requests_stand_once_also_when_some_are_taken_back() -> None:
    """They are looked up many at a time; of these requests some were before the flaw."""
    one, two = (payload for _, payload in make_requests(3_000, per_request=1_500))
    taken = assert_same(cut_in_the_last_span(one), one, cut_in_the_last_span(two), one, two)
    assert taken == (False, True, False, True, True)


def test_rejected_spans_leave_no_trace_of_their_links_and_events() -> None:
    bad = span(
        id=0,
        attributes={"a": "x" * 50},
        links=[link(attributes={"b": "y" * 50})],
        events=[("e", {"c": "z" * 50})],
    )
    good = span(links=[link(attributes={"b": 1})], events=[("e", {"c": 1})])
    assert_same(request(bad, good, bad, bad, good), request(good))


def test_a_sealed_builder_is_empty_and_begins_anew() -> None:
    ours, oracle = NATIVE.builder(), PYTHON.builder()
    for payload in REQUESTS[:5]:
        for _ in range(2):
            assert append_to_both(ours, oracle, payload)
        assert_same_tables(ours.seal(), oracle.seal())
        assert (ours.spans, ours.nbytes) == (0, 0)
        assert_same_tables(ours.seal(), oracle.seal())


def test_several_requests_at_once_are_told_one_by_one() -> None:
    two, broken = request(span(id=1), span(id=2)), b"\xff"
    bad = request(span(id=0), span(id=3))

    def told(builder: BatchBuilder, full: int) -> list[object]:
        outcomes = builder.append_all([two, broken, bad, two], full)
        return [each if isinstance(each, Appended) else type(each) for each in outcomes]

    for full, reached in ((0, 0), (2, 1), (3, 3), (4, 4)):
        ours, oracle = NATIVE.builder(), PYTHON.builder()
        expected = told(oracle, full)
        assert len(expected) == reached
        assert told(ours, full) == expected
        assert ours.spans == oracle.spans
        assert_same_tables(ours.seal(), oracle.seal())


def test_a_batch_stays_what_it_is_when_the_builder_goes_on() -> None:
    builder = NATIVE.builder()
    builder.append(REQUESTS[0])
    first = builder.seal()
    rows = {name: getattr(first, name).to_pylist() for name in BATCH_SCHEMAS}
    for payload in REQUESTS[1:]:
        builder.append(payload)
        builder.seal()
    assert rows == {name: getattr(first, name).to_pylist() for name in BATCH_SCHEMAS}


def test_builders_on_two_threads_do_not_disturb_each_other() -> None:
    batches: dict[int, SpanBatch] = {}
    together = threading.Barrier(2)

    def build(number: int) -> None:
        builder = NATIVE.builder()
        together.wait()
        for payload in REQUESTS[number::2]:
            builder.append(payload)
        batches[number] = builder.seal()

    threads = [threading.Thread(target=build, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    join(*threads)

    for number in range(2):
        oracle = PYTHON.builder()
        for payload in REQUESTS[number::2]:
            oracle.append(payload)
        assert_same_tables(batches[number], oracle.seal())


def test_the_bytes_held_are_about_those_of_the_batch() -> None:
    builder = NATIVE.builder()
    for payload in REQUESTS:
        builder.append(payload)
    held = builder.nbytes
    assert 0.9 * held <= builder.seal().nbytes <= 1.1 * held


def test_a_request_of_the_largest_size_is_taken() -> None:
    """Its JSON text is six times as long."""
    length, spans = 8 * MIB - 200, 7
    builder = NATIVE.builder()
    text = {"a": "\x01" * length}
    payload = request(*(span(id=n, attributes=text) for n in range(1, spans + 1)))
    assert builder.append(payload).spans == spans
    stored: str = builder.seal().spans["attributes"][0].as_py()
    assert (len(stored), stored.count("\\u0001")) == (6 * length + 8, length)


class _Faulty:
    """The module's Builder after a panic of its code."""

    def append_all(self, _: list[bytes], full: int) -> Any:
        return [(0, [], "the native decoder has a fault", True)], full


def test_a_fault_of_the_decoder_is_one_refused_request(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = NATIVE.builder()
    monkeypatch.setattr(builder, "_builder", _Faulty())
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(UndecodableRequest, match="cannot be decoded"),
    ):
        builder.append(b"")
    assert "A request was refused" in caplog.text


def test_without_the_module_the_python_decoder_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tracestitch_decoder", None)
    monkeypatch.delitem(sys.modules, "collector.native_decoder")
    assert isinstance(decoding.make_decoder(["tenant"]), PythonDecoder)


def test_a_request_that_is_no_bytes_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        NATIVE.builder().append("text")  # type: ignore[arg-type]  # what is tested
