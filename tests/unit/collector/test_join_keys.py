"""What spans share with those of other traces, as keys."""

from hashlib import blake2b
from typing import Any

from collector.decoded import decode_request
from collector.join_keys import join_key, message_keys, work_keys
from collector.python_decoder import PythonDecoder
from collector.typed_columns import Typed
from storage.join_keys import KINDS, hash_key
from tests.builders import link, request, span

_SECOND = 1_000_000_000


def keys_of(*spans: Any) -> dict[int, set[tuple[int, int]]]:
    """Keys by the low half of the trace id."""
    found: dict[int, set[tuple[int, int]]] = {}
    for row in decode_request(PythonDecoder(), request(*spans)).batch.keys.to_pylist():
        found.setdefault(row["trace_lo"], set()).add((row["kind"], row["key_hash"]))
    return found


def test_a_hash_is_of_the_kind_and_the_texts_with_a_zero_byte_between() -> None:
    digest = blake2b(b"correlation\0order.id\0\xc3\xa9", digest_size=8).digest()
    assert hash_key("correlation", "order.id", "é") == int.from_bytes(digest, "big")
    assert join_key("work", "1", "2") == (KINDS["work"], hash_key("work", "1", "2"))
    assert hash_key("correlation", "ab", "c") != hash_key("correlation", "a", "bc")


def test_blanks_around_an_id_do_not_count_and_case_does() -> None:
    same = {tuple(message_keys({"message_id": text})) for text in ("a", " a\n", "\ta")}
    assert same == {(join_key("message", "a"),)}
    assert list(message_keys({"message_id": "A"})) != list(message_keys({"message_id": "a"}))


def test_empty_ids_are_no_keys() -> None:
    for row in ({}, {"message_id": ""}, {"message_id": " "}, {"event_id": ""}):
        assert list(message_keys(row)) == []


def test_a_message_id_is_one_with_an_event_id_and_not_with_a_sequence_number() -> None:
    message, event, sequence = (
        list(message_keys({name: "7"})) for name in ("message_id", "event_id", "sequence_number")
    )
    assert message == event
    assert message != sequence


def test_a_kafka_position_is_one_with_the_message_id_that_spells_it() -> None:
    position: dict[str, Typed] = {"destination_name": " orders.eu", "kafka_partition": 3}
    spelled = join_key("message", "orders.eu.3.17")
    assert spelled in list(message_keys(position | {"kafka_offset": 17}))
    assert spelled in list(message_keys({"message_id": "orders.eu.3.17"}))
    assert spelled in list(message_keys(position | {"message_id": "17"}))
    assert spelled not in list(message_keys(position | {"kafka_offset": 18}))
    assert list(message_keys({"destination_name": "orders.eu", "kafka_offset": 17})) == []
    assert list(message_keys(position | {"message_id": "١٧"})) == [join_key("message", "١٧")]


def test_work_after_a_receive_shares_its_second_or_the_next() -> None:
    received = set(work_keys(7, 5, "orders Receive", 0, 0, int(5.9 * _SECOND)))
    for start, resource, same in (
        (5.95, 7, True),
        (6.5, 7, True),
        (7.1, 7, False),
        (5.95, 8, False),
    ):
        begun = set(work_keys(resource, 1, "work", 0, int(start * _SECOND), 9 * _SECOND))
        assert bool(received & begun) is same


def test_only_receives_and_internal_roots_have_keys_of_work() -> None:
    for kind, name, parent in (
        (1, "work", 9),
        (2, "receive", 0),
        (4, "receive", 0),
        (5, "orders process", 0),
    ):
        assert list(work_keys(7, kind, name, parent, 0, 0)) == []


def test_keys_come_from_spans_links_and_events() -> None:
    message = {"messaging.message.id": "m"}
    found = keys_of(
        span(trace=1, attributes=message),
        span(trace=2, links=[link(attributes=message)]),
        span(trace=3, events=[("received", message)]),
    )
    assert all(join_key("message", "m") in found[trace] for trace in (1, 2, 3))


def test_correlation_values_of_one_key_join_and_stand_once_for_a_trace() -> None:
    found = keys_of(
        span(trace=1, id=1, kind="SERVER", attributes={"order.id": 123}),
        span(trace=1, id=2, kind="SERVER", attributes={"orderId": "123"}),
        span(trace=2, id=3, kind="SERVER", attributes={"request.id": "123"}),
    )
    assert found[1] == {join_key("correlation", "order.id", "123")}
    assert found[2] == {join_key("correlation", "request.id", "123")}


def test_a_key_stands_once_for_each_trace_of_a_batch() -> None:
    spans = [span(trace=1, id=n, attributes={"order.id": 1}) for n in (1, 2, 3)]
    batch = decode_request(PythonDecoder(), request(*spans)).batch
    assert batch.keys.num_rows == len(keys_of(*spans)[1])
