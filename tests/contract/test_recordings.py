"""Recordings of real libraries, all in one store, give the same on every engine: connections,
orphan roots with their causes, journeys."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import fields
from functools import cache

import pyarrow as pa
import pytest

from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import SpanStore
from storage.schema import SpanBatch
from tests.contract.conftest import ENGINES, NewStore
from tests.golden.recordings import NAMES, Answers, answers_of, read_requests
from tracestitch.analysis import AnalysisLoop
from web.journeys.journey import journey_of_trace

TraceId = tuple[int, int]


@cache
def batch_of(name: str) -> SpanBatch:
    """A recording as one batch."""
    decoder = make_decoder()
    batches = [decode_request(decoder, payload).batch for payload in read_requests(name)]
    tables = {
        each.name: pa.concat_tables(getattr(batch, each.name) for batch in batches)
        for each in fields(SpanBatch)
    }
    return SpanBatch(**tables)


@cache
def traces_of(name: str) -> set[TraceId]:
    return set(_ids(batch_of(name).spans, ""))


@pytest.fixture(scope="module")
def stores(new_store: NewStore) -> Iterator[dict[str, SpanStore]]:
    """By engine: a store of all recordings, analysed."""
    with ExitStack() as stack:
        opened = {engine: stack.enter_context(new_store(engine)) for engine in ENGINES}
        for store in opened.values():
            for name in NAMES:
                store.append(batch_of(name), stored_at_unix_nano=1)
            loop = AnalysisLoop(store)
            while loop.run_once():
                pass
        yield opened


@pytest.fixture(scope="module")
def answers(stores: Mapping[str, SpanStore]) -> dict[str, Answers]:
    return {engine: answers_of(store, [], candidates=True) for engine, store in stores.items()}


@pytest.mark.parametrize("name", NAMES)
def test_connections_and_orphan_roots_of_a_recording_are_the_same(
    name: str, answers: Mapping[str, Answers]
) -> None:
    expected, *others = [
        (_owned(each.connections, "consumer_", name), _owned(each.orphans, "", name))
        for each in answers.values()
    ]
    assert any(expected)
    assert all(other == expected for other in others)


# A journey asks a store some forty times.
@pytest.mark.parametrize("name", NAMES[::4])
def test_the_journey_of_a_recording_is_the_same(
    name: str, stores: Mapping[str, SpanStore], answers: Mapping[str, Answers]
) -> None:
    """Of the first trace with an orphan root, else of the first."""
    traces = traces_of(name)
    broken = traces.intersection(_ids(answers["memory"].orphans, ""))
    trace = min(broken or traces)
    expected, *others = [journey_of_trace(store, trace, 0) for store in stores.values()]
    assert expected["journey"]["trace_ids"]
    assert all(other == expected for other in others)


def _ids(table: pa.Table, prefix: str) -> list[TraceId]:
    columns = (table[f"{prefix}{name}"].to_pylist() for name in ("trace_hi", "trace_lo"))
    return list(zip(*columns, strict=True))


def _owned(table: pa.Table, prefix: str, name: str) -> list[str]:
    """The rows that the recording's traces own."""
    own = traces_of(name)
    rows = zip(table.to_pylist(), _ids(table, prefix), strict=True)
    return sorted(repr(row) for row, trace in rows if trace in own)
