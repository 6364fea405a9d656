"""The native decoder gives what the plain-Python one gives."""

from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decoding import make_decoder
from collector.formats.otlp_frames import read_big_endian
from collector.python_decoder import PythonDecoder
from storage.schema import load_attributes
from tests.builders import Built, any_value, link, request, span
from tests.unit.collector.random_wire import make_request
from tests.unit.collector.same_tables import NATIVE, assert_same

RECORDINGS = sorted((Path(__file__).parents[3] / "sample_data" / "recordings").glob("*/*.pb"))
TOLD = load_attributes()
NAMES = sorted(
    {name for column in TOLD["columns"].values() for name in column["names"]}
    | {name for names in TOLD["correlation"].values() for name in names}
)
INT64 = st.integers(-(2**63), 2**63 - 1)
# What protobuf takes; invalid UTF-8 is spliced in elsewhere.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SCALARS = (
    TEXTS
    | st.sampled_from(["true", "False", "7", "-08", "+3", " 12 ", "9223372036854775808", "\x1c"])
    | INT64
    | st.floats()
    | st.sampled_from([-0.0, 5e-324, 1e16, 1e15, 1e-4, 9.999e-5, 1.7976931348623157e308])
    | st.booleans()
    | st.binary(max_size=9)
    | st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES) | TEXTS, VALUES, max_size=8)
KINDS = st.sampled_from(["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])


@st.composite
def spans(draw: st.DrawFn) -> Built:
    return span(
        draw(TEXTS | st.sampled_from(["receive", "SQS.ReceiveMessage"])),
        trace=draw(st.integers(1, 3)),
        id=draw(st.integers(1, 2**64 - 1)),
        parent=draw(st.none() | st.integers(0, 2**64 - 1)),
        kind=draw(KINDS),
        at=draw(st.floats(0, 1e6)),
        attributes=draw(ATTRIBUTES),
        links=[
            link(draw(st.integers(0, 9)), attributes=attributes, trace_state=draw(TEXTS))
            for attributes in draw(st.lists(ATTRIBUTES, max_size=2))
        ],
        events=draw(st.lists(st.tuples(TEXTS, ATTRIBUTES), max_size=2)),
        status=draw(st.sampled_from(["UNSET", "OK", "ERROR"])),
        status_message=draw(TEXTS),
        resource=draw(ATTRIBUTES),
        service=draw(st.none() | TEXTS),
        scope=draw(TEXTS),
        trace_state=draw(TEXTS),
        dropped_links_count=draw(st.integers(0, 2**32 - 1)),
    )


def test_the_native_decoder_is_the_one_that_runs_where_it_is_installed() -> None:
    assert make_decoder().name == "native"


@settings(max_examples=150, deadline=None)
@given(st.lists(spans(), max_size=3))
def test_spans_of_every_kind_become_the_same_tables(built: list[Built]) -> None:
    assert_same(request(*built))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_fields_in_any_order_and_number_become_the_same_tables(seed: int) -> None:
    assert assert_same(make_request(Random(seed))) == (True,)


@settings(max_examples=300, deadline=None)
@given(st.floats())
def test_doubles_are_written_digit_for_digit(number: float) -> None:
    assert_same(request(span(attributes={"a": number, "messaging.message.id": number})))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), VALUES), max_size=60))
def test_of_a_repeated_key_the_last_value_stands_where_the_first_stood(
    pairs: list[tuple[str, Any]],
) -> None:
    message = ExportTraceServiceRequest.FromString(request(span()))
    attributes = message.resource_spans[0].scope_spans[0].spans[0].attributes
    for key, value in pairs:
        attributes.add(key=key, value=any_value(value))
        attributes[0].value.kvlist_value.values.add(key=key, value=any_value(value))
    assert_same(message.SerializeToString())


def test_attributes_that_come_again_read_as_the_first_time() -> None:
    """The decoder remembers short ones by their bytes: those that begin, end and are as long
    alike are others, and each stands first, last and beside another of its name."""
    texts = [f"value-{number:04}-of-a-few" for number in range(40)]
    texts += ['a "quoted" value', "blank\tand\\", "plainly ä", "\x1f" * 16, "x" * 63, "x" * 64, ""]
    names = ["order.id", "messaging.message.id", "messaging.operation.name", "no.typed.name"]
    spans = [
        span(
            id=number, kind="CONSUMER", attributes=dict.fromkeys(names[turn:] + names[:turn], text)
        )
        for number, (text, turn, _) in enumerate(product(texts, range(4), range(3)), 1)
    ]
    repeated = request(*spans)
    assert_same(repeated, request(span()), repeated)


def test_attributes_that_differ_in_one_byte_anywhere_are_told_apart() -> None:
    texts = [
        f"{'x' * place}y{'x' * (length - place)}"
        for length in range(0, 56, 5)
        for place in range(length + 1)
    ]
    spans = [
        span(id=number, attributes={"name": text})
        for number, (text, _) in enumerate(product(texts, range(3)), 1)
    ]
    assert_same(request(*spans), request(*reversed(spans)))


def test_a_length_that_overflows_a_byte_is_no_short_text() -> None:
    pair = b"\x0a\x01k\x12\x00\x0a\xfe\x00" + b"K" * 126 + b"\x1a\x7d" + b"z" * 125
    assert_same(_field(1, _field(2, _field(2, _span_ids() + _field(9, pair)))))


def _span_ids() -> bytes:
    return _field(1, bytes(15) + b"\1") + _field(2, bytes(7) + b"\1") + _field(5, b"name")


def _field(number: int, content: bytes) -> bytes:
    size, length = b"", len(content)
    while length >= 0x80:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.parent.name)
def test_a_recording_becomes_the_same_tables(recording: Path) -> None:
    data, payloads = recording.read_bytes(), []
    while prefix := read_big_endian(data):
        length, size = prefix
        payloads.append(data[size : size + length])
        data = data[size + length :]
    assert set(assert_same(*payloads)) == {True}


def test_other_rules_are_read_when_a_decoder_is_made() -> None:
    told = {
        "columns": {
            **{name: column | {"names": ["none"]} for name, column in TOLD["columns"].items()},
            "message_id": {"type": "string", "each": True, "names": ['my "id"\n', "ä"]},
            "system": {"type": "string", "names": ["ä", "\ufffd"]},
        },
        "correlation": {"zebra": ["a\\nb", "ä"], "ant": ["ä"]},
        "resource": TOLD["resource"],
    }
    attributes = {'my "id"\n': 1, "ä": "x", "a\\nb": "y", "a\nb": "no", "tenant": 3, "UUUU": "s"}
    payload = request(span(attributes=attributes)).replace(b"UUUU", b"\xff\xff\xff\xff")
    assert_same(
        payload,
        request(span(attributes=attributes | {"\ufffd": "t"})),
        native=type(NATIVE)(told, ["tenant", "zebra"]),
        python=PythonDecoder(told, ["tenant", "zebra"]),
    )


@pytest.mark.parametrize(
    ("value", "kept"), [("", ""), ([""], ""), (["", "x"], ""), ([], None), ("x", "x")]
)
def test_a_captured_header_may_be_empty_and_an_id_may_not(value: object, kept: str | None) -> None:
    attributes = {
        "messaging.system": "kafka",
        "messaging.header.traceparent": value,
        "messaging.message.id": "",
    }
    payload = request(span(attributes=attributes))
    assert_same(payload)
    builder = NATIVE.builder()
    builder.append(payload)
    row = builder.seal().messaging.to_pylist()[0]
    assert (row["traceparent_header"], row["message_id"]) == (kept, None)


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    told = TOLD | {"columns": {"system": {"type": "list", "names": ["a"]}}}
    with pytest.raises(ValueError, match="the column system has the unknown type list"):
        type(NATIVE)(told).builder()


def test_a_decoder_makes_builders_that_share_nothing() -> None:
    one, other = NATIVE.builder(), NATIVE.builder()
    one.append(request(span(attributes={"order.id": "1"})))
    other.append(request(span(attributes={"order.id": "1"})))
    assert one.seal().correlation.num_rows == other.seal().correlation.num_rows == 1
