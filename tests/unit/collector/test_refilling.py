"""Stored attributes give again what decoding gave, or what it would give with other settings."""

from copy import deepcopy
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.decoded import decode_request
from collector.python_decoder import PythonDecoder
from collector.refilling import Refiller
from storage.contract import StoredSpans
from storage.results import KEY_GENERATIONS, STORED
from storage.schema import BATCH_SCHEMAS, SpanBatch, load_attributes
from tests.builders import link, request, span

TOLD = load_attributes()
NAMES = sorted(
    {name for column in TOLD["columns"].values() for name in column["names"]}
    | {name for names in TOLD["correlation"].values() for name in names}
    | {"service.name", "deployment.environment", "tenant"}
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    TEXTS
    | st.sampled_from(["true", "7", "-08", " 12 ", "9223372036854775808", ""])
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([2**53 + 1, -(2**63), 2**63 - 1])
    | st.floats()
    | st.booleans()
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES) | TEXTS, VALUES, max_size=8)


@st.composite
def spans(draw: st.DrawFn) -> Any:
    return span(
        draw(st.sampled_from(["work", "receive", "order.publish"])),
        trace=draw(st.integers(1, 3)),
        id=draw(st.integers(1, 4)),
        parent=draw(st.none() | st.integers(1, 2)),
        kind=draw(st.sampled_from(["INTERNAL", "CLIENT", "PRODUCER", "CONSUMER"])),
        attributes=draw(ATTRIBUTES),
        links=[link(attributes=told) for told in draw(st.lists(ATTRIBUTES, max_size=2))],
        events=[("e", told) for told in draw(st.lists(ATTRIBUTES, max_size=2))],
        resource=draw(ATTRIBUTES),
    )


def renamed() -> dict[str, Any]:
    """attributes.toml as it might be one day: other aliases, keys and resource columns."""
    told = deepcopy(TOLD)
    told["columns"]["message_id"]["names"] = ["tenant", "message-id", "celery.id"]
    told["columns"]["consumer_group"]["names"] = ["service.name"]
    told["columns"]["error_type"]["marks"] = True
    told["correlation"]["order.id"] = ["orderId", "tenant"]
    told["resource"]["environment"] = ["tenant"]
    return told


def stored(batch: SpanBatch) -> StoredSpans:
    count = batch.spans.num_rows
    when = {"generation": [4] * count, "stored_at_unix_nano": [5] * count}
    return StoredSpans(batch, pa.table(when, schema=STORED), KEY_GENERATIONS.empty_table())


@settings(deadline=None, max_examples=100)
@given(
    # a stored span is there once
    st.lists(
        spans(),
        min_size=1,
        max_size=4,
        unique_by=lambda built: (built.message.trace_id, built.message.span_id),
    ),
    st.booleans(),
    st.sampled_from([(), ("tenant",)]),
)
def test_refilling_gives_what_decoding_with_the_new_settings_gives(
    built: list[Any], other: bool, keys: tuple[str, ...]
) -> None:
    payload = request(*built)
    told = renamed() if other else TOLD
    arrived = decode_request(PythonDecoder(), payload).batch
    expected = decode_request(PythonDecoder(told, keys), payload).batch

    refilled = Refiller(keys, told).refill(stored(arrived))

    for name in BATCH_SCHEMAS:
        assert getattr(refilled.batch, name).equals(getattr(expected, name)), name
    assert refilled.key_generations["generation"].to_pylist() == [4] * expected.keys.num_rows


def test_a_key_is_stored_once_for_each_generation_that_has_it() -> None:
    batch = decode_request(
        PythonDecoder(),
        request(*(span(id=n, attributes={"order.id": "7"}) for n in (1, 2, 3))),
    ).batch
    when = pa.table({"generation": [4, 4, 6], "stored_at_unix_nano": [1, 1, 1]}, schema=STORED)
    given_ = StoredSpans(batch, when, KEY_GENERATIONS.empty_table())

    refiller = Refiller()
    for _ in range(2):  # an instance serves again and again
        refilled = refiller.refill(given_)
        assert refilled.key_generations["generation"].to_pylist() == [4, 4, 6, 6]
        assert refilled.batch.keys.num_rows == 4  # the order and when the roots began
        assert refilled.batch.correlation.num_rows == 1


def test_links_and_events_are_read_in_their_order_whatever_order_they_are_stored_in() -> None:
    told = [{"messaging.message.id": f"m-{n}"} for n in range(3)]
    batch = decode_request(
        PythonDecoder(),
        request(
            span(links=[link(attributes=each) for each in told], events=[("e", e) for e in told])
        ),
    ).batch
    backwards = SpanBatch(
        **{name: getattr(batch, name) for name in BATCH_SCHEMAS}
        | {name: getattr(batch, name).take([2, 1, 0]) for name in ("links", "events")}
    )
    refilled = Refiller().refill(stored(backwards))
    assert refilled.batch.messaging.equals(batch.messaging)
