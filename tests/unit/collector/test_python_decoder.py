"""The plain-Python decoder: what is kept, what is rejected, what is refused."""

import json
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decoded import Decoded, UndecodableRequest, decode_request
from collector.decoding import make_decoder
from storage.schema import BATCH_SCHEMAS
from tests.builders import EPOCH, link, request, span


def decode(*spans: Any, keys: tuple[str, ...] = ()) -> Decoded:
    return decode_request(make_decoder(keys), request(*spans))


def rows(decoded: Decoded, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = getattr(decoded.batch, table).to_pylist()
    return found


def test_every_table_has_the_schema_of_its_name() -> None:
    batch = decode(span(links=[link()], events=[("e", {})])).batch
    for name, schema in BATCH_SCHEMAS.items():
        assert getattr(batch, name).schema.equals(schema), name
        getattr(batch, name).validate(full=True)


def test_an_empty_request_is_an_empty_batch() -> None:
    decoded = decode_request(make_decoder(), b"")
    assert (decoded.spans, decoded.rejected, decoded.reasons) == (0, 0, "")


def test_attribute_values_of_every_kind_become_json() -> None:
    attributes = {
        "text": "ä\n\0",
        "whole": 2**62,
        "real": 1.0,
        "nan": float("nan"),
        "far": float("-inf"),
        "yes": True,
        "raw": b"\x00\xff",
        "list": [1, "a", [2.5]],
        "map": {"k": {"n": 1}},
    }
    (row,) = rows(decode(span(attributes=attributes)), "spans")
    assert '"real":1.0' in row["attributes"]
    assert json.loads(row["attributes"]) == attributes | {
        "nan": "NaN",
        "far": "-Infinity",
        "raw": {"bytes": "AP8="},
    }


def test_typed_columns_take_the_first_alias_and_keep_the_others_apart() -> None:
    attributes = {
        "messaging.message_id": "old",
        "messaging.message.id": "new",
        "messaging.kafka.offset": "12",
        "messaging.kafka.message.tombstone": "true",
        "messaging.batch.message_count": "many",
    }
    told = decode(span(attributes=attributes))
    (row,), (shape,) = rows(told, "messaging"), rows(told, "shapes")
    assert (row["message_id"], row["kafka_offset"]) == ("new", 12)
    assert (row["shape_id"], True) == (shape["shape_id"], shape["kafka_tombstone"])
    assert row["batch_count"] is None
    assert json.loads(row["alternatives"]) == {"message_id": ["old"]}


def test_alternatives_stand_in_one_order_whatever_came_first() -> None:
    """So that every decoder can write the same text."""
    losers = {
        "messaging.operation.type": "a",
        "messaging.operation": "b",
        "messaging.message.id": "a",
        "messaging.message_id": "b",
        "messaging.destination": "c",
        "kafka.topic": "d",
        "messaging.destination.name": "a",
    }
    for attributes in (losers, dict(reversed(losers.items()))):
        (row,) = rows(decode(span(attributes=attributes)), "messaging")
        assert row["alternatives"] == (
            '{"destination_name":["c","d"],"message_id":["b"],"operation_type":["b"]}'
        )


@pytest.mark.parametrize("text", ["12\n", " 12", "1_2", "٣", "1e3", "", str(2**63)])
def test_text_that_is_no_decimal_int64_fills_no_int_column(text: str) -> None:
    offset = span(kind="CONSUMER", attributes={"messaging.kafka.offset": text})
    (row,) = rows(decode(offset), "messaging")
    assert row["kafka_offset"] is None


def test_an_empty_string_leaves_its_column_to_an_older_alias() -> None:
    told = decode(span(attributes={"messaging.message.id": "", "messaging.message_id": "m"}))
    (row,) = rows(told, "messaging")
    assert (row["message_id"], row["alternatives"]) == ("m", None)


def test_a_span_without_messaging_attributes_has_no_messaging_row() -> None:
    plain = span(attributes={"rpc.method": "Get", "server.address": "a"})
    assert rows(decode(plain), "messaging") == []
    assert len(rows(decode(span(kind="CONSUMER")), "messaging")) == 1


def test_correlation_ids_have_one_key_for_all_spellings_and_compare_as_text() -> None:
    told = decode(
        span(id=1, attributes={"order_id": 123}),
        span(id=2, attributes={"order.id": "123", "tenant": True}),
        span(id=3, attributes={"order.id": "", "orderId": "x" * 600}),
        keys=("tenant",),
    )
    sets: dict[int, dict[str, str]] = {}
    for row in rows(told, "correlation"):
        sets.setdefault(row["correlation_id"], {})[row["key"]] = row["value"]
    found = {row["span_id"]: sets.get(row["correlation_id"]) for row in rows(told, "spans")}
    assert found == {
        1: {"order.id": "123"},
        2: {"order.id": "123", "tenant": "true"},
        3: None,
    }


def test_links_and_events_carry_their_own_typed_columns() -> None:
    told = decode(
        span(
            links=[link(), link(trace=0, id=0, attributes={"messaging.message.id": "m"})],
            events=[("put", {"messaging.message.id": "e"})],
        )
    )
    found = [(row["part"], row["position"], row["message_id"]) for row in rows(told, "messaging")]
    assert found == [("link", 1, "m"), ("event", 0, "e")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trace_id": b""}, "trace_id"),
        ({"trace_id": bytes(16)}, "trace_id"),
        ({"span_id": b"1234567"}, "span_id"),
        ({"span_id": bytes(8)}, "span_id"),
        ({"parent_span_id": b"123"}, "parent_span_id"),
        ({"start_time_unix_nano": 2**63}, "2262"),
        ({"end_time_unix_nano": 2**64 - 1}, "2262"),
    ],
)
def test_bad_spans_are_rejected_one_by_one(change: dict[str, Any], reason: str) -> None:
    bad = span(id=2)
    for name, value in change.items():
        setattr(bad.message, name, value)
    decoded = decode(span(id=1), bad, span(id=3))
    assert (decoded.spans, decoded.rejected) == (2, 1)
    assert reason in decoded.reasons
    assert [row["span_id"] for row in rows(decoded, "spans")] == [1, 3]


def test_an_all_zero_parent_is_none_and_a_latest_time_is_kept() -> None:
    last = span()
    last.message.parent_span_id = bytes(8)
    last.message.end_time_unix_nano = 2**63 - 1
    (row,) = rows(decode(last), "spans")
    assert (row["parent_span_id"], row["end_time_unix_nano"]) == (None, 2**63 - 1)
    assert row["start_time_unix_nano"] == EPOCH


def test_the_content_hash_is_of_the_content_not_of_the_request() -> None:
    first, other = span(id=1), span(id=2, service="other")
    alone = rows(decode(first), "spans")[0]["content_hash"]
    together = rows(decode(other, first), "spans")[1]["content_hash"]
    assert alone == together
    changes: list[dict[str, Any]] = [
        {"name": "n"},
        {"parent": 5},
        {"attributes": {"a": 1}},
        {"links": [link()]},
        {"events": [("e", {})]},
        {"status": "ERROR"},
        {"flags": 0},
        {"scope": "s"},
        {"service": "s"},
        {"duration": 9.0},
        {"dropped_links_count": 1},
    ]
    hashes = {rows(decode(span(id=1, **change)), "spans")[0]["content_hash"] for change in changes}
    assert len(hashes | {alone}) == len(changes) + 1


def test_invalid_utf8_in_one_string_costs_only_that_string() -> None:
    payload = request(span(name="XXXX", attributes={"order.id": "YYYY"}), span(id=2))
    broken = payload.replace(b"XXXX", b"a\xff\xfeb").replace(b"YYYY", b"ok\xc3(")
    with pytest.raises(DecodeError):
        ExportTraceServiceRequest.FromString(broken)
    decoded = decode_request(make_decoder(), broken)
    assert decoded.spans == 2
    assert rows(decoded, "spans")[0]["name"] == "a\ufffd\ufffdb"
    assert rows(decoded, "correlation")[0]["value"] == "ok\ufffd("


@pytest.mark.parametrize(
    "payload",
    [
        b"garbage",
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\x0b",
        bytes(4_000_000),
        # refused by protobuf for its last byte, and not worth repairing
        b"\x10\x01" * 1_000_000 + b"\x0a",
        b"\x0a\x00" * 2_100_000 + b"\x0a",
    ],
    ids=["text", "length", "group", "zeros", "unknown fields", "many fields"],
)
def test_what_is_no_request_is_refused_in_a_sentence(payload: bytes) -> None:
    with pytest.raises(UndecodableRequest, match="not an ExportTraceServiceRequest"):
        decode_request(make_decoder(), payload)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_requests_are_decoded_or_refused(data: st.DataObject) -> None:
    payload = bytearray(request(span(attributes={"a": [1, "b"]}, links=[link()]), span(id=2)))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_request(
            make_decoder(), bytes(payload[: data.draw(st.integers(0, len(payload)))])
        )
    except UndecodableRequest:
        return
    for name in BATCH_SCHEMAS:
        getattr(decoded.batch, name).validate(full=True)
    for row in rows(decoded, "spans"):
        json.loads(row["attributes"])


def test_a_span_may_have_very_many_links_and_events() -> None:
    crowded = span(
        links=[link(trace=n, id=n) for n in range(1, 60_001)],
        events=[("e", {})] * 60_000,
    )
    decoded = decode(crowded)
    assert decoded.batch.links.num_rows == decoded.batch.events.num_rows == 60_000
