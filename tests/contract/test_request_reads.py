"""Requests and root sends of a process beside each other, on every engine."""

from typing import Any

import pyarrow as pa

from storage.contract import SpanStore
from storage.request_reads import RequestBounds
from storage.schema import SENDS, TRACE_IDS
from tests.builders import EPOCH, SECOND, batch, span
from tracestitch.analysis import AnalysisLoop

BOUNDS = RequestBounds(within=2 * SECOND, after=SECOND // 20, latest=2)


def request(trace: int, at: float, **changes: Any) -> Any:
    told: dict[str, Any] = {"kind": "SERVER", "service": "shop", "duration": 0.5} | changes
    return span("POST /orders", trace=trace, id=trace, at=at, **told)


def trace_numbers(table: pa.Table) -> list[int]:
    numbers: list[Any] = table.column("trace_lo").to_pylist()
    return sorted(numbers)


def trace_ids(*numbers: int) -> pa.Table:
    return pa.table([[0] * len(numbers), list(numbers)], schema=TRACE_IDS)


def sends(store: SpanStore, *times: float) -> pa.Table:
    """SENDS of the process of trace 1 at these times."""
    process = store.analysis_input(trace_ids(1)).spans["resource_id"][0].as_py()
    starts = [EPOCH + round(at * SECOND) for at in times]
    return pa.table([[process] * len(starts), starts], schema=SENDS)


def test_the_requests_are_told_that_ran_when_a_send_of_their_process_began(
    store: SpanStore,
) -> None:
    others = [request(4, 0.5, service="bank"), request(5, 0.5, kind="CLIENT")]
    store.append(batch(request(1, 0.5), request(2, 4.0, duration=9.0), *others), 1)

    def beside(*times: float) -> list[int]:
        return trace_numbers(store.requests_beside(sends(store, *times), BOUNDS))

    assert beside(0.5) == beside(0.7) == beside(1.04) == [1]
    assert beside(0.4) == beside(1.06) == beside(6.1) == beside() == []
    assert beside(0.7, 4.5) == [1, 2]


def test_messages_that_were_handled_are_told_as_requests_are(store: SpanStore) -> None:
    store.append(batch(request(1, 0.5), request(2, 0.6, kind="CONSUMER")), 1)
    assert trace_numbers(store.requests_beside(sends(store, 0.7), BOUNDS)) == [1, 2]


def test_of_many_requests_those_that_began_last_are_told(store: SpanStore) -> None:
    handled = request(9, 0.01, kind="CONSUMER")
    store.append(batch(*(request(trace, 0.1 * trace) for trace in range(1, 5)), handled), 1)
    assert trace_numbers(store.requests_beside(sends(store, 0.45), BOUNDS)) == [3, 4, 9]


def test_root_sends_are_told_beside_which_a_request_arrived(store: SpanStore) -> None:
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
    told: dict[str, Any] = {"kind": "PRODUCER", "service": "shop", "attributes": attributes}
    store.append(
        batch(
            span("orders send", trace=11, id=1, at=0.7, **told),
            span("orders send", trace=12, id=1, at=5.0, **told),
            span("orders send", trace=13, id=1, at=0.7, parent=9, **told),
        ),
        1,
    )
    while AnalysisLoop(store).run_once():
        pass
    store.append(batch(request(1, 0.5)), 1)
    store.append(batch(request(2, 4.9, service="bank")), 1)

    none, shop, bank = trace_ids(), trace_ids(1), trace_ids(2)
    assert trace_numbers(store.sends_beside(1, 3, none, BOUNDS)) == [11]
    assert store.sends_beside(0, 1, none, BOUNDS).num_rows == 0
    assert store.sends_beside(2, 3, none, BOUNDS).num_rows == 0
    # A request that is stored already may have got a send of its own.
    assert trace_numbers(store.sends_beside(3, 3, shop, BOUNDS)) == [11]
    assert store.sends_beside(3, 3, bank, BOUNDS).num_rows == 0


def test_times_at_the_end_of_their_range_are_times_like_others(store: SpanStore) -> None:
    last = 2**63 - 1
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
    sent = span("orders send", trace=11, kind="PRODUCER", service="shop", attributes=attributes)
    asked = request(1, 0.0)
    for each in (sent, asked):
        each.message.start_time_unix_nano, each.message.end_time_unix_nano = last, last
    late = request(2, 0.0)
    late.message.end_time_unix_nano = last
    store.append(batch(sent), 1)
    while AnalysisLoop(store).run_once():
        pass
    store.append(batch(asked, late), 1)

    process = store.analysis_input(trace_ids(1)).spans["resource_id"][0]
    at = pa.table([[process.as_py()] * 2, [last, EPOCH + SECOND]], schema=SENDS)
    assert trace_numbers(store.requests_beside(at, BOUNDS)) == [1, 2]
    assert trace_numbers(store.sends_beside(1, 2, trace_ids(), BOUNDS)) == [11]
