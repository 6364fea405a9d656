"""Requests that protobuf refuses as a whole for one bad value: what is repaired, what it
costs, and that it changes nothing else."""

import json
import tracemalloc
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.any_value import DEEPEST, TOO_DEEP
from collector.decoded import decode_request
from collector.decoding import make_decoder
from collector.utf8 import repair_request
from tests.builders import link, request, span

MIB = 1 << 20


def in_arrays(levels: int, value: object = "x") -> Any:
    for _ in range(levels):
        value = [value]
    return value


def in_objects(levels: int, value: object = "x") -> Any:
    for _ in range(levels):
        value = {"k": value}
    return value


def is_refused_by_protobuf(payload: bytes) -> bool:
    try:
        ExportTraceServiceRequest.FromString(payload)
    except DecodeError:
        return True
    return False


def deepened(payload: bytes, levels: int, kind: str) -> bytes:
    """The request with a value of so many levels on the first span, its link and event.
    Grown in place: protobuf's copying has the limit that is to be passed here."""
    message = ExportTraceServiceRequest.FromString(payload)
    first = message.resource_spans[0].scope_spans[0].spans[0]
    for part in (first, first.links[0], first.events[0]):
        value = part.attributes.add(key="a").value
        for _ in range(levels):
            inner = getattr(value, kind).values.add()
            value = inner if kind == "array_value" else inner.value
            if kind == "kvlist_value":
                inner.key = "k"
        value.string_value = "x"
        part.attributes.add(key="order.id").value.string_value = "7"
    return message.SerializeToString()


def attribute(payload: bytes) -> Any:
    """The attribute "a" of the first span of a request."""
    return json.loads(decode_request(make_decoder(), payload).batch.spans["attributes"][0].as_py())[
        "a"
    ]


@pytest.mark.parametrize("nest", [in_arrays, in_objects])
def test_the_deepest_value_is_kept_and_one_level_more_is_cut_off(nest: Any) -> None:
    kept, cut = nest(DEEPEST), nest(DEEPEST + 1)
    assert attribute(request(span(attributes={"a": kept}))) == kept
    assert attribute(request(span(attributes={"a": cut}))) == nest(DEEPEST, TOO_DEEP)


@pytest.mark.parametrize("nest", [in_arrays, in_objects])
@pytest.mark.parametrize("levels", [60, 150, 400])
def test_a_value_beyond_protobufs_limit_costs_only_itself(nest: Any, levels: int) -> None:
    payload = deepened(
        request(span(links=[link()], events=[("e", {})]), span("beside", id=2)),
        levels,
        "array_value" if nest is in_arrays else "kvlist_value",
    )
    assert is_refused_by_protobuf(payload)

    batch = decode_request(make_decoder(), payload).batch

    told = {"a": nest(DEEPEST, TOO_DEEP), "order.id": "7"}
    assert batch.spans["name"].to_pylist() == ["work", "beside"]
    for table in (batch.spans, batch.links, batch.events):
        assert json.loads(table["attributes"][0].as_py()) == told
    assert batch.correlation["value"].to_pylist() == ["7"]


@pytest.mark.parametrize("nest", [in_arrays, in_objects])
@pytest.mark.parametrize("levels", [1, DEEPEST, DEEPEST + 1])
def test_a_span_is_the_same_whether_its_request_was_repaired_or_not(nest: Any, levels: int) -> None:
    """A batch resent beside other spans is still a duplicate."""
    deep = {"a": nest(levels), "b": [1, 2.5, True, b"\xff", None]}
    whole = span(attributes=deep, links=[link(attributes=deep)], events=[("e", deep)])
    alone = request(whole)
    beside = request(whole, span("QQQQ", id=2)).replace(b"QQQQ", b"QQQ\xff")
    assert (is_refused_by_protobuf(alone), is_refused_by_protobuf(beside)) == (False, True)

    hashes = [
        decode_request(make_decoder(), payload).batch.spans["content_hash"][0].as_py()
        for payload in (alone, beside)
    ]

    assert hashes[0] == hashes[1]


def test_what_needs_no_repair_is_left_byte_for_byte() -> None:
    payload = request(
        span(attributes={"a": in_objects(5), "ä": [1, 2.5, b"\xff"]}, links=[link()], parent=3),
        span(id=2, events=[("e", {"k": "v"})]),
    )
    assert repair_request(payload, ExportTraceServiceRequest.DESCRIPTOR) == payload


@pytest.mark.parametrize("levels", [1, DEEPEST, 40])
def test_a_repair_costs_the_same_however_deep_the_bad_text_stands(levels: int) -> None:
    text = "QQQQ" + "x" * (4 * MIB)
    payload = request(span(attributes={"a": in_arrays(levels, text)}))
    payload = payload.replace(b"QQQQ", b"QQQ\xff")
    tracemalloc.start()
    try:
        repaired = repair_request(payload, ExportTraceServiceRequest.DESCRIPTOR)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "QQQ\ufffd".encode() in repaired
    assert peak < 6 * 4 * MIB
