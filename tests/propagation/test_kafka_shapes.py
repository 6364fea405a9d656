"""What clients of Kafka hand over, and everything that nobody expects of them."""

import warnings
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry.context import Context

from tests.propagation.lambda_events import kafka_record
from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation import kafka

with warnings.catch_warnings():  # it reads its own resources in a deprecated way
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka.consumer.fetcher import ConsumerRecord  # type: ignore[import-untyped]  # no types
    from kafka.producer.future import RecordMetadata  # type: ignore[import-untyped]  # no types


def test_records_of_kafka_python_are_read() -> None:
    record = ConsumerRecord(
        "payments", 3, 0, 41, 0, 0, "order-1", None, kafka.inject_headers(context=SENDER),
        None, 7, -1, 0,
    )  # fmt: skip
    received = kafka.received(record, "billing")

    assert sender_of(received.context) == sender_of(SENDER)
    assert (received.system, received.destination) == ("kafka", "payments")
    assert received.attributes == {
        "messaging.destination.name": "payments",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 41,
        "messaging.kafka.message.key": "order-1",
        "messaging.kafka.message.tombstone": True,
        "messaging.consumer.group.name": "billing",
    }


def test_answers_of_kafka_python_are_read() -> None:
    there = RecordMetadata("payments", 3, None, 41, 0, None, 0, 0, 0)
    unacknowledged = RecordMetadata("payments", 3, None, -1, 0, None, 0, 0, 0)
    identify = kafka.sending("payments").identify

    assert identify(there) == {
        "messaging.destination.name": "payments",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 41,
    }
    assert identify(unacknowledged) == {"messaging.destination.partition.id": "3"}
    assert identify([there, unacknowledged]) == [identify(there), identify(unacknowledged)]


def test_a_record_of_a_lambda_event_is_read() -> None:
    record = kafka_record(kafka.inject_headers([("tenant", b"\xff")], context=SENDER))
    received = kafka.received(record)

    assert sender_of(received.context) == sender_of(SENDER)
    assert baggage.get_all(received.context) == {"workflow.id": "w"}
    assert kafka.read_headers(record)[0] == ("tenant", b"\xff")
    assert received.attributes == {
        "messaging.destination.name": "payments",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 41,
        "messaging.kafka.message.key": "order-1",
    }


def test_numbers_below_zero_are_bytes_of_java() -> None:
    assert kafka.read_headers({"headers": [{"name": [-1, 0, 97]}]}) == [("name", b"\xff\x00a")]


NAMES = st.text() | st.sampled_from(["traceparent", "TRACESTATE", "Baggage", "tenant"])
PAIRS = st.lists(st.tuples(NAMES, st.none() | st.binary() | st.text()), max_size=8)
OUR_NAMES = {"traceparent", "tracestate", "baggage"}


@given(PAIRS, st.sampled_from([list, tuple, dict]))
def test_any_headers_carry_the_context_and_keep_what_the_application_wrote(
    pairs: list[tuple[str, Any]], shape: Callable[[Any], Any]
) -> None:
    headers = shape(pairs)
    before = shape(pairs)
    injected = kafka.inject_headers(headers, context=SENDER)

    application = list(headers.items()) if isinstance(headers, dict) else list(headers)
    ours = [name for name, _ in injected if name.lower() in OUR_NAMES]
    assert headers == before
    assert sorted(ours) == sorted(OUR_NAMES)
    assert [pair for pair in injected if pair[0].lower() not in OUR_NAMES] == [
        pair for pair in application if pair[0].lower() not in OUR_NAMES
    ]
    found = kafka.extract_context({"headers": injected})
    assert sender_of(found) == sender_of(SENDER)
    assert baggage.get_all(found) == {"workflow.id": "w"}


@given(PAIRS)
def test_without_a_span_a_record_keeps_the_context_it_had(pairs: list[tuple[str, Any]]) -> None:
    assert kafka.inject_headers(pairs, context=Context()) == pairs


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.just("headers"), inner, max_size=4)
        | st.tuples(NAMES, inner)
    ),
    max_leaves=10,
)


class Record:
    """A client's record of whatever was made up."""

    def __init__(self, fields: dict[str, Any], as_methods: bool) -> None:
        for name, value in fields.items():
            setattr(self, name, (lambda value=value: value) if as_methods else value)


FIELDS = st.fixed_dictionaries(
    dict.fromkeys(("headers", "topic", "partition", "offset", "key", "value"), ANYTHING)
)


@given(FIELDS, st.sampled_from(["mapping", "fields", "methods"]))
def test_no_record_is_too_odd_to_be_read(fields: dict[str, Any], shape: str) -> None:
    record = fields if shape == "mapping" else Record(fields, shape == "methods")
    received = kafka.received(record)

    assert all(is_attribute(value) for value in received.attributes.values())
    kafka.forward_headers(record, context=SENDER)


@given(ANYTHING)
def test_no_message_is_too_odd_to_be_read(message: Any) -> None:
    assert kafka.received(message).system == "kafka"


def is_attribute(value: object) -> bool:
    return isinstance(value, str | int) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def test_what_a_client_cannot_read_is_not_there() -> None:
    class Unreadable:
        """As confluent-kafka's record with a header whose name is no UTF-8."""

        def headers(self) -> Any:
            raise SystemError("<method 'headers'> returned a result with an exception set")

        def topic(self) -> str:
            return "orders"

    assert kafka.received(Unreadable()).destination == "orders"
    assert kafka.forward_headers(Unreadable(), context=Context()) == []


def test_numbers_that_no_export_may_have_are_not_told() -> None:
    assert kafka.received({"partition": 0, "offset": 2**63}).attributes == {
        "messaging.destination.partition.id": "0"
    }
    assert kafka.received({"partition": 10**5000}).attributes == {}
