"""What is read by trace: few traces and many, ids that are alike in one half, on every engine."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise

import pyarrow as pa

from storage import schema
from storage.contract import SpanStore
from tests.contract.rows import (
    Row,
    connection,
    correlated,
    link,
    make_batch,
    make_table,
    message,
    owned,
    part,
    resource,
    scope,
    span,
    traces,
)

_HIGH = 2**64 - 1  # ids beyond what a signed or floating number holds
_TRACES = [(_HIGH - n % 3, _HIGH - n) for n in range(66)]
_BESIDE = (_HIGH - 1, _HIGH)  # its halves are halves of others


def _spans() -> list[Row]:
    return [
        {**span(lo, number, start_time_unix_nano=number), "trace_hi": hi, "span_id": 2**63 + number}
        for number, (hi, lo) in enumerate([*_TRACES, _BESIDE])
    ]


def _fill(store: SpanStore) -> None:
    spans = _spans()
    for some in (spans[:40], spans[40:]):
        store.append(
            make_batch(
                some,
                links=[link(each, 5) for each in some],
                events=[part(each, name="called") for each in some],
                messaging=[message(each, message_id="m") for each in some],
                correlation=[correlated(each, str(each["span_id"])) for each in some],
            ),
            1,
        )
    owners = _table([*_TRACES, _BESIDE])
    ends = [owned(each) for each in spans]
    store.replace_connections(
        owners,
        make_table(schema.ENDPOINTS, ends),
        make_table(schema.CONNECTIONS, [connection(one, two) for one, two in pairwise(spans)]),
    )
    store.replace_orphans(owners, make_table(schema.ORPHANS, ends), 2)


def _table(traces: Iterable[tuple[int, int]]) -> pa.Table:
    rows = [{"trace_hi": hi, "trace_lo": lo} for hi, lo in traces]
    return pa.Table.from_pylist(rows, schema=schema.TRACE_IDS)


def _reads(store: SpanStore) -> dict[str, Callable[[pa.Table], pa.Table]]:
    return {
        "correlation": store.correlation_of,
        "endpoints": store.endpoints_of,
        "orphans": store.orphans_of,
        "consumers": lambda traces: store.connections_of(traces, "consumer"),
        "producers": lambda traces: store.connections_of(traces, "producer"),
        "either": lambda traces: store.connections_of(traces, "either"),
        **{
            name: partial(_part, store, name)
            for name in ("spans", "links", "events", "messaging", "keys")
        },
    }


def _part(store: SpanStore, name: str, traces: pa.Table) -> pa.Table:
    part: pa.Table = getattr(store.spans_of(traces), name)
    return part


def _rows(table: pa.Table) -> set[str]:
    rows = [repr(row) for row in table.to_pylist()]
    assert len(rows) == len(set(rows))
    return set(rows)


def test_many_traces_give_what_few_give_at_a_time(store: SpanStore) -> None:
    _fill(store)
    at_once = 33 if store.engine == "clickhouse" else 6  # which asks for all in the same way
    some = [_TRACES[start : start + at_once] for start in range(0, len(_TRACES), at_once)]
    for name, read in _reads(store).items():
        few = set().union(*(_rows(read(_table(traces))) for traces in [*some, _TRACES[:1]]))
        assert few, name
        assert _rows(read(_table(_TRACES))) == few, name


def test_a_trace_with_the_halves_of_two_others_is_not_taken_for_them(store: SpanStore) -> None:
    _fill(store)
    asked = [(_HIGH, _HIGH), (_HIGH - 1, _HIGH - 1)]  # _BESIDE is a half of each
    for name in ("spans", "links", "events", "messaging", "endpoints", "orphans", "consumers"):
        found = _reads(store)[name](_table(asked)).to_pylist()
        end = "consumer_" if name == "consumers" else ""
        told = {(row[f"{end}trace_hi"], row[f"{end}trace_lo"]) for row in found}
        # the first one has no producer
        assert told == set(asked[1:] if name == "consumers" else asked), name


def test_no_traces_give_nothing(store: SpanStore) -> None:
    _fill(store)
    for name, read in _reads(store).items():
        assert read(_table([])).num_rows == 0, name


def test_resources_scopes_and_shapes_come_with_every_look_up(store: SpanStore) -> None:
    for n in (1, 2):
        each = span(n, n, resource_id=10 + n, scope_id=20 + n)
        store.append(
            make_batch(
                [each],
                messaging=[message(each, system=f"system {n}")],
                resources=[resource(10 + n)],
                scopes=[scope(20 + n, attributes='{"a":"b"}')],
            ),
            1,
        )
    for asked in ([1], [2], [1, 2], [1]):
        found = store.spans_of(traces(*asked))
        assert set(found.resources["resource_id"].to_pylist()) == {10 + n for n in asked}
        assert set(found.scopes["scope_id"].to_pylist()) == {20 + n for n in asked}
        assert found.spans["resource_id"].to_pylist() == [10 + n for n in asked]
        assert found.spans["scope_id"].to_pylist() == [20 + n for n in asked]
        systems = {row["shape_id"]: row["system"] for row in found.shapes.to_pylist()}
        told = sorted(systems[shape] for shape in found.messaging["shape_id"].to_pylist())
        assert told == [f"system {n}" for n in asked]
        assert found.scopes["attributes"].to_pylist() == ['{"a":"b"}'] * len(asked)
        bare = store.analysis_input(traces(*asked))
        assert bare.scopes["attributes"].to_pylist() == ["{}"] * len(asked)
