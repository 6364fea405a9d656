"""What the loop keeps of the surroundings is what the store says."""

from typing import Any

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.alternations import LATEST
from analyzer.stable_facts import stable_facts
from storage.memory import MemoryStore
from storage.schema import CONNECTIONS, ENDPOINTS, TRACE_IDS
from tests.builders import EPOCH, SECOND, batch, link, span
from tests.unit.analyzer.messages import delivery, send
from tracestitch.analysis import AnalysisLoop
from tracestitch.known_facts import KnownFacts
from tracestitch.retention import RetentionLoop


def message(number: int, *, cut: bool) -> list[Any]:
    at = float(number)
    links = [] if cut else [link(number, 11)]
    told = {"messaging.message.id": f"0d5e1c2a-7b1f-4c55-9f1e-{number:012d}"}
    return [
        send(trace=number, at=at, attributes=told),
        delivery(trace=100 + number, at=at + 0.2, links=links, attributes=told),
    ]


def test_a_switch_that_went_on_and_off_is_the_consumers_however_the_spans_arrive() -> None:
    """S1, not S3: all messages of one short time broke, and none before or after."""
    store = MemoryStore()
    loop = AnalysisLoop(store)
    spans = [built for n in range(1, 31) for built in message(n, cut=n in (11, 12, 13))]
    for number, built in enumerate(spans):
        store.append(batch(built), number + 1)
        if number % 7 == 0:
            while loop.run_once():
                pass
    while loop.run_once():
        pass

    told = KnownFacts(store).told()
    assert told.equals(
        stable_facts(pl.DataFrame(store.endpoint_facts()), pl.DataFrame(store.cut_spells(LATEST)))
    )
    causes = store.orphans_of(store.traces_since(0, 10_000)[0])["cause_code"].to_pylist()
    assert causes == ["S1"] * 3


class _Counting(MemoryStore):
    """How often all end points were read."""

    reads = 0

    def endpoint_facts(self) -> pa.Table:
        self.reads += 1
        return super().endpoint_facts()


def test_work_below_a_delivery_that_comes_later_needs_no_look_at_the_whole_store() -> None:
    store = _Counting()
    loop = AnalysisLoop(store)
    for number in range(1, 4):
        store.append(batch(*message(number, cut=False)), number)
        assert loop.run_once()
    for number in range(1, 4):
        work = span(
            "charge",
            trace=100 + number,
            id=50,
            parent=21,
            service="payment-service",
            at=number + 0.25,
        )
        store.append(batch(work), 10 + number)
        assert loop.run_once()

    assert store.reads == 1
    told = KnownFacts(store).told()
    assert loop._facts is not None
    assert loop._facts.equals(told)
    assert told.filter(pl.col("role") == "process")["has_children"].to_list() == [True]


def test_a_first_send_that_turns_out_to_be_of_another_kind_is_looked_for_again() -> None:
    """The request that the oldest send was part of comes last: another one is the first of
    those that seem to begin where they are."""
    store = _Counting()
    loop = AnalysisLoop(store)
    for number in range(1, 4):
        store.append(batch(send(trace=number, at=float(number), parent=5)), number)
        assert loop.run_once()
    request = span("POST /orders", trace=1, id=5, kind="SERVER", service="order-service", at=0.9)
    store.append(batch(request), 10)
    assert loop.run_once()

    told = KnownFacts(store).told()
    assert loop._facts is not None
    assert loop._facts.equals(told)
    assert dict(told.select("operation", "first_start_unix_nano").rows()) == {
        "POST /orders": EPOCH + SECOND,
        "order.publish": EPOCH + 2 * SECOND,
    }


def test_deleted_deliveries_lie_among_the_others_no_more() -> None:
    """Messages broke here and there long ago, and all of a short time lately: those that are
    left do not alternate, for a server that ran meanwhile as for one that begins."""
    store = MemoryStore()
    loop = AnalysisLoop(store)
    old = [built for n in range(1, 11) for built in message(n, cut=n in (2, 5, 8))]
    new = [built for n in range(11, 31) for built in message(n, cut=n in (15, 16, 17))]

    def alternate() -> bool:
        while loop.run_once():
            pass
        assert loop._facts is not None
        return bool(loop._facts["mixed"].any())

    store.append(batch(*old), 1)
    store.append(batch(*new[:-2]), 2)
    assert alternate()
    RetentionLoop(store, loop).delete_until(1, "age")
    store.append(batch(*new[-2:]), 3)
    assert not alternate()
    assert not KnownFacts(store).told()["mixed"].any()


ENDPOINT = st.fixed_dictionaries(
    {
        "trace_lo": st.integers(1, 4),
        "role": st.sampled_from(["process", "process", "send"]),
        "service_name": st.sampled_from(["a", "b", None]),
        "destination": st.sampled_from(["orders", None]),
        "relation": st.sampled_from(["parent", "link", "stitch", None]),
        "has_children": st.booleans(),
        "is_root": st.booleans(),
        "origin": st.sampled_from(["beside", "entry", None]),
        "operation": st.sampled_from(["POST /orders", None]),
        "kafka_partition": st.sampled_from([0, 1, None]),
        "kafka_offset": st.integers(0, 9),
        "start_time_unix_nano": st.integers(0, 2 * SECOND),
    }
)


def endpoints(rows: list[dict[str, Any]]) -> pa.Table:
    same = {"trace_hi": 1, "span_name": "s", "end_time_unix_nano": 0, "producer_service_name": "p"}
    flags = dict.fromkeys(("error", "dead_letter", "epoch_trace"), False)
    numbered = [row | same | flags | {"span_id": number} for number, row in enumerate(rows)]
    return pa.Table.from_pylist(numbered, schema=ENDPOINTS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ENDPOINT, max_size=8), min_size=1, max_size=5))
def test_facts_that_are_kept_are_those_of_what_is_stored(
    passes: list[list[dict[str, Any]]],
) -> None:
    store = MemoryStore()
    facts = KnownFacts(store)
    for rows in passes:
        new = endpoints(rows)
        owners = new.select(TRACE_IDS.names).group_by(TRACE_IDS.names).aggregate([])
        before = facts.read(owners)
        store.replace_connections(owners, new, CONNECTIONS.empty_table())
        told = facts.replace(before, new)
        assert told.equals(KnownFacts(store).told())
        everything = pl.DataFrame(store.endpoint_facts())
        assert told.equals(stable_facts(everything, pl.DataFrame(store.cut_spells(LATEST))))
