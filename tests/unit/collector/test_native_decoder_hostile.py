"""Bytes that no exporter sends: both decoders take or refuse the same, and keep the same."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.any_value import DEEPEST
from collector.decoded import UndecodableRequest
from collector.request_size import MOST_PARTS
from tests.builders import link, request, span
from tests.unit.collector.random_wire import field, make_request, varint
from tests.unit.collector.same_tables import NATIVE, assert_same
from tests.unit.collector.test_repair import deepened, is_refused_by_protobuf

PLAIN = request(
    span(
        attributes={"a": [1, "b", {"c": 2.5}], "order.id": "7", "messaging.message.id": "m"},
        links=[link(attributes={"k": "v"})],
        events=[("e", {"x": b"y"})],
        status="ERROR",
        status_message="failed",
    ),
    span(id=2, parent=1, kind="CONSUMER"),
)


def in_span(content: bytes) -> bytes:
    """A request of one span that is valid beside `content`."""
    ids = field(1, b"\1" * 16) + field(2, b"\2" * 8)
    return field(1, field(2, field(2, ids + content)))


def attribute(value: bytes) -> bytes:
    """A request with one attribute; `value` is what stands in its AnyValue."""
    return in_span(field(9, field(1, b"order.id") + field(2, value)))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_requests_are_taken_or_refused_by_both(data: st.DataObject) -> None:
    payload = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    assert_same(bytes(payload[: data.draw(st.integers(0, len(payload)))]), PLAIN)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_mutated_odd_requests_are_taken_or_refused_by_both(seed: int) -> None:
    random = Random(seed)
    payload = bytearray(make_request(random))[:20_000]
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(payload) + 1)
        payload[at : at + random.randrange(3)] = random.randbytes(random.randrange(3))
    assert_same(PLAIN, bytes(payload), PLAIN)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_garbage_is_taken_or_refused_by_both(payload: bytes) -> None:
    assert_same(payload)


@pytest.mark.parametrize("length", range(len(PLAIN)))
def test_a_request_that_is_cut_off_anywhere(length: int) -> None:
    assert_same(PLAIN[:length])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=12), st.binary(max_size=12))
def test_invalid_utf8_is_repaired_alike(text: bytes, key: bytes) -> None:
    built = span("NAME" * 3, attributes={"KEYS" * 3: ["NAME" * 3], "messaging.system": "NAME" * 3})
    payload = request(built).replace(b"NAME" * 3, text.ljust(12, b"\xf0"))
    payload = payload.replace(b"KEYS" * 3, key.ljust(12, b"\xe2"))
    assert assert_same(payload) == (True,)


@pytest.mark.parametrize("kind", ["array_value", "kvlist_value"])
@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 32, 33, 45, 60, 150, 400])
def test_deep_values_are_cut_alike(levels: int, kind: str) -> None:
    payload = request(span(links=[link()], events=[("e", {})]))
    assert assert_same(deepened(payload, levels, kind)) == (True,)


@pytest.mark.parametrize("bad", [b"\x0a\xff\xff\xff\xff\x0f", b"\x0f", b"\x00", b"\x0a\x02\xff"])
@pytest.mark.parametrize("wrap", [(5, 1), (6, 1, 2)], ids=["arrays", "objects"])
@pytest.mark.parametrize("levels", range(26, 50))
def test_a_fault_inside_a_deep_value(levels: int, wrap: tuple[int, ...], bad: bytes) -> None:
    """Deeper than anybody looks it is no fault."""
    value = bad
    for _ in range(levels):
        for number in reversed(wrap):
            value = field(number, value)
    assert_same(attribute(value))


STRING, NUMBER, NOTHING = field(1, b"text"), b"\x18\x07", b"\x40\x01"
ARRAY, MORE = field(5, field(1, STRING)), field(5, field(1, NUMBER) * 2)
OBJECT = field(6, field(1, field(1, b"a") + field(2, STRING)))
OTHER = field(6, field(1, field(1, b"b")) + field(1, field(1, b"a") + field(2, NUMBER)))


@pytest.mark.parametrize("first", [STRING, NUMBER, NOTHING, ARRAY, OBJECT])
@pytest.mark.parametrize("second", [STRING, NUMBER, NOTHING, MORE, OTHER, b"\x0d1234"])
@pytest.mark.parametrize("third", [b"", MORE, OTHER])
def test_members_of_a_oneof_that_stand_twice(first: bytes, second: bytes, third: bytes) -> None:
    """The last wins; arrays and objects that follow their like are one with it."""
    assert assert_same(attribute(first + second + third)) == (True,)
    repeated = field(2, first) + field(2, second) + field(1, b"order.id") + field(2, third)
    assert assert_same(in_span(field(9, repeated))) == (True,)


def test_messages_that_stand_twice_are_one() -> None:
    a, b = (field(1, field(1, key) + field(2, STRING)) for key in (b"a", b"service.name"))
    resource = field(1, a + b"\x10\x01") + field(1, b + b"\x10\x02" + a)
    scope = field(1, field(1, b"name")) + field(1, field(2, b"version") + field(1, b"other"))
    status = field(15, field(2, b"message")) + field(15, b"\x18\x02")
    one = in_span(status)[4:]
    assert one.startswith(b"\x12")
    assert assert_same(field(1, field(2, one + scope) + field(3, b"u") + resource)) == (True,)


@pytest.mark.parametrize(
    ("encoded", "is_taken"),
    [
        (varint(6 << 3) + varint(5, padding=9), True),
        (varint(6 << 3) + b"\x85" + b"\x80" * 9 + b"\x00", False),
        (varint(6 << 3, padding=4) + b"\x05", True),
        (varint(6 << 3, padding=5) + b"\x05", False),
        (varint(2**32 - 8) + b"\x05", True),
        (varint(2**32) + b"\x05", False),
        (b"\x2a" + varint(1, padding=4) + b"n", True),
        (b"\x2a" + varint(1, padding=5) + b"n", False),
        (b"\x2a" + varint(2**31), False),
        (b"\x9b\x01\x08\x01\x9c\x01", True),
        (b"\x9b\x01\x08\x01\x94\x01", False),
        (b"\x9b\x01" * 97 + b"\x9c\x01" * 97, True),
        (b"\x9b\x01" * 98 + b"\x9c\x01" * 98, False),
        (b"\x9c\x01", False),
        (b"\x9e\x01", False),
        (b"\x07", False),
    ],
)
@pytest.mark.parametrize("beside", [b"", field(5, b"\xff")], ids=["alone", "beside bad text"])
def test_the_limits_of_the_wire_format(encoded: bytes, is_taken: bool, beside: bytes) -> None:
    assert assert_same(in_span(encoded + beside)) == (is_taken,)


@pytest.mark.parametrize("count", [1_000, 60_000])
def test_spans_with_very_many_parts(count: int) -> None:
    attributes = {f"k{number % 900}": number for number in range(count)}
    crowded = span(
        attributes=attributes,
        links=[link(trace=n, id=n) for n in range(1, count // 20)],
        events=[("e", {})] * (count // 20),
    )
    payload = request(crowded)
    assert assert_same(payload + payload) == (True,)


@pytest.mark.parametrize("number", [11, 13], ids=["events", "links"])
def test_a_request_of_more_parts_than_memory_is_for_is_refused(number: int) -> None:
    crowded = in_span(field(number, b"") * MOST_PARTS)
    assert assert_same(PLAIN, crowded, PLAIN) == (True, False, True)


def test_spans_scopes_and_resources_are_parts_too() -> None:
    for empty in (field(1, b""), field(1, field(2, b"")), field(1, field(2, field(2, b"")))):
        with pytest.raises(UndecodableRequest, match=f"more than {MOST_PARTS:,} resources"):
            NATIVE.builder().append(empty * (MOST_PARTS + 1))


def test_large_texts_of_every_length_are_escaped_alike() -> None:
    spans = [
        span(id=length + 1, attributes={"a" * length: "é\n" + "x" * length + '"' * (length % 3)})
        for length in range(200)
    ]
    assert assert_same(request(*spans, span(attributes={"a": "x\u2028" * 500_000}))) == (True,)


def test_what_protobuf_refuses_is_among_what_is_compared() -> None:
    assert is_refused_by_protobuf(in_span(field(5, b"\xff")))
