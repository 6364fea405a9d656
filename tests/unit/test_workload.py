"""The load of the benchmarks is what docs/performance.md says."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.load_file import list_spans, provide_load, read_present, read_requests
from benchmarks.workload import BROKEN_EVERY, SPANS_PER_REQUEST, make_requests

SPANS = 20 * SPANS_PER_REQUEST


@pytest.fixture(scope="module")
def requests() -> list[ExportTraceServiceRequest]:
    return [ExportTraceServiceRequest.FromString(payload) for _, payload in make_requests(SPANS)]


@pytest.fixture(scope="module")
def spans(requests: list[ExportTraceServiceRequest]) -> list[Span]:
    return [span for request in requests for span in list_spans(request)]


def texts(span: Span) -> Iterator[tuple[str, str]]:
    for attribute in span.attributes:
        yield attribute.key, attribute.value.string_value


def test_a_seed_gives_the_same_bytes_and_another_one_others() -> None:
    one, same, other = (list(make_requests(SPANS_PER_REQUEST, seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_requests_have_512_spans_and_whole_traces(
    requests: list[ExportTraceServiceRequest],
) -> None:
    seen: set[bytes] = set()
    for request in requests:
        traces = Counter(span.trace_id for span in list_spans(request))
        assert traces.total() == SPANS_PER_REQUEST
        assert 6 <= min(traces.values()) <= max(traces.values()) <= 12
        assert not seen & set(traces)
        seen |= set(traces)


def test_span_ids_are_there_once_and_parents_are_in_the_trace(spans: list[Span]) -> None:
    ids = {(span.trace_id, span.span_id) for span in spans}
    assert len(ids) == len({span_id for _, span_id in ids}) == len(spans)
    parents = {(span.trace_id, span.parent_span_id) for span in spans if span.parent_span_id}
    assert parents <= ids


def test_spans_have_8_or_9_attributes_and_name_their_order(spans: list[Span]) -> None:
    assert {len(span.attributes) for span in spans} == {8, 9}
    assert all({"order.id", "workflow.id"} <= {key for key, _ in texts(span)} for span in spans)


def test_a_third_is_about_messages(spans: list[Span]) -> None:
    share = sum("messaging.system" in dict(texts(span)) for span in spans) / len(spans)
    assert 0.25 < share < 0.45


def test_one_order_in_fifty_loses_its_link_and_keeps_the_message_id(spans: list[Span]) -> None:
    received = [
        span for span in spans if span.kind == Span.SPAN_KIND_CONSUMER and not span.parent_span_id
    ]
    sent = {
        dict(texts(s))["messaging.message.id"] for s in spans if s.kind == Span.SPAN_KIND_PRODUCER
    }
    lost = [span for span in received if not span.links]
    assert len(lost) == len(received) // BROKEN_EVERY
    assert all(dict(texts(span))["messaging.message.id"] in sent for span in lost)


def test_a_load_is_made_once_and_read_as_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("time.time_ns", lambda: 1_900_000_000_000_000_000)
    path = provide_load(SPANS)
    made = path.stat().st_mtime_ns
    assert provide_load(SPANS) == path
    assert path.stat().st_mtime_ns == made

    moved = [ExportTraceServiceRequest.FromString(payload) for payload in read_present(path)]
    ends = [span.end_time_unix_nano for request in moved for span in list_spans(request)]
    assert len(ends) == SPANS
    assert 0 <= 1_900_000_000_000_000_000 - max(ends) < 1_000_000_000
    assert len(list(read_requests(path, limit=3))) == 3
