"""What the analysis reads is the same, whether the newest appends are in memory or not."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.decoding import make_decoder
from collector.slabs import Lease
from storage.contract import StoreError
from storage.duckdb_analysis_reads import AnalysisReader
from storage.duckdb_first_stored import first_stored
from storage.duckdb_store import DuckDBStore
from storage.schema import SPAN_IDS, TRACE_IDS, SpanBatch
from tests.contract.rows import (
    correlated,
    link,
    make_batch,
    make_table,
    message,
    span,
    trace_numbers,
    traces,
)
from tests.contract.test_engines_agree import batches, deletions
from tests.golden.recordings import read_requests

_LOOK, _OPEN_AGAIN = "look", "open again"
_STEPS = st.lists(
    st.tuples(batches(), st.integers(0, 2))  # and how many of its generations are stored
    | deletions()
    | st.sampled_from([_LOOK, _OPEN_AGAIN]),
    min_size=2,
    max_size=8,
)
_ALL = 2**30
_ASKED = ([1], [3, 4], [1, 2, 2, 9])


class _Twins:
    """A store that holds its newest appends as far as some bytes go, and one that holds none."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory, self._most_bytes = directory, most_bytes
        self.stores: list[DuckDBStore] = []
        self.open()

    def open(self) -> None:
        self.close()
        self.stores = [DuckDBStore(str(self._directory / name)) for name in ("some", "none")]
        for store, most_bytes in zip(self.stores, (self._most_bytes, 0), strict=True):
            store._recent._most_bytes = most_bytes

    def close(self) -> None:
        for store in self.stores:
            store.close()

    def compare(self) -> None:
        some, none = [list(_reads(store)) for store in self.stores]
        assert some == none


@contextmanager
def _twins(most_bytes: int) -> Iterator[_Twins]:
    with TemporaryDirectory() as directory:
        twins = _Twins(Path(directory), most_bytes)
        try:
            yield twins
        finally:
            twins.close()


@pytest.mark.parametrize(
    ("most_bytes", "most_merged"), [(_ALL, _ALL), (_ALL, 0), (10_000, 0), (20_000, _ALL)]
)
def test_memory_tells_what_the_file_tells(most_bytes: int, most_merged: int) -> None:
    @settings(
        max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    @given(_STEPS)
    def agree(steps: list[Any]) -> None:
        with (
            # Few in each, so that appends have several generations, and look-ups several runs.
            patch.multiple("storage.places", _IDS_PER_RUN=2, _RUNS=2, _BITS=12),
            patch("storage.duckdb_write.ROW_GROUP", 3),
            patch("storage.duckdb_recent._MOST_MERGED_BYTES", most_merged),
            _twins(most_bytes) as twins,
        ):
            twins.compare()  # from now on places are known
            for step in steps:
                if step == _LOOK:
                    twins.compare()
                elif step == _OPEN_AGAIN:
                    twins.open()
                else:
                    for store in twins.stores:
                        _do(store, step)
            twins.compare()

    agree()


def _do(store: DuckDBStore, step: Any) -> None:
    if isinstance(step[0], SpanBatch):
        with _failing_after(store, step[1]), suppress(StoreError):
            store.append(step[0], 100 - store._generation)  # a clock that is put back
        return
    oldest: list[Any] = store.oldest_generations(1_000)["generation"].to_pylist()[: step[0]]
    if oldest:
        store.delete_until(oldest[-1], traces(*step[1]))


@contextmanager
def _failing_after(store: DuckDBStore, commits: int) -> Iterator[None]:
    """Commits of an append after so many fail."""
    insert, left = store._insert, iter(range(commits))

    def insert_or_fail(*given: Any) -> None:
        insert(*given)
        if next(left, None) is None:
            raise StoreError("no room")

    with patch.object(store, "_insert", insert_or_fail):
        yield


def _reads(store: DuckDBStore) -> Iterator[object]:
    newest = store.generations()[0]
    for after in range(newest + 1):
        for limit in (1, 1_000):
            found, upto = store.traces_since(after, limit)
            yield _plain(found), upto
    for asked in _ASKED:
        for limit in (1, 1_000):
            yield _plain(store.related_traces(traces(*asked), limit))
            yield _plain(store.hot_keys(traces(*asked), limit))
        batch = store.analysis_input(traces(*asked))
        yield batch.spans.to_pylist()
        yield [_plain(getattr(batch, name)) for name in SpanBatch.__slots__]
        yield _first_stored(store, batch.spans)


def _first_stored(store: DuckDBStore, spans: pa.Table) -> list[int]:
    recent = store._recent.now()
    with store._database.read() as session:
        stored: list[int] = first_stored(session, store._span_places, recent, spans).tolist()
        return stored


def _plain(table: pa.Table) -> object:
    return table.schema, sorted(map(repr, table.to_pylist()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    """Whose analysis has looked for what is new."""
    opened = DuckDBStore(str(tmp_path))
    opened.traces_since(0, 1)
    yield opened
    opened.close()


def _batch(trace: int, other: int) -> SpanBatch:
    """A message with a link to another trace."""
    one = span(trace, trace)
    parts = {"messaging": [message(one)], "links": [link(one, other)]}
    return make_batch([one], **parts, correlation=[correlated(one, "A")])


def test_what_was_just_stored_is_not_read_back(store: DuckDBStore) -> None:
    for trace in (1, 3):
        store.append(_batch(trace, trace + 1), 5)
    with patch.object(store._database, "read", side_effect=AssertionError("read back")):
        assert trace_numbers(AnalysisReader.traces_since(store, 1, 10)[0]) == [3]
        assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2, 3]
        assert store.hot_keys(traces(1), 1).num_rows == 1
        assert store.analysis_input(traces(1, 3)).spans["span_id"].to_pylist() == [1, 3]


def test_when_spans_were_stored_is_told_from_memory_and_the_file(store: DuckDBStore) -> None:
    store._recent._most_bytes = 0
    store.append(_batch(1, 2), 9)
    store._recent._most_bytes = _ALL
    for content, stored_at in ((0, 7), (1, 5)):
        both = make_batch([span(trace, 3, content) for trace in (1, 3)])
        store.append(both, stored_at)
    store.append(_batch(5, 6), 3)
    assert store._recent.now().holds(np.array([1, 3, 5, 7], np.uint64)).tolist() == [
        *(False, True, True, False)
    ]
    asked = [(1, 1), (3, 3), (1, 3), (5, 5), (3, 1), (5, 3), (7, 7)]
    rows = [{name: span(*ids)[name] for name in SPAN_IDS.names} for ids in asked]
    assert _first_stored(store, make_table(SPAN_IDS, rows)) == [9, 7, 7, 3, 0, 0, 0]
    assert _first_stored(store, make_table(SPAN_IDS, rows[3:5])) == [3, 0]


def test_what_is_not_analysed_yet_is_held_as_far_as_there_is_room(store: DuckDBStore) -> None:
    store.append(_batch(1, 2), 5)
    store._recent._most_bytes = 4 * store._recent.now().appends[0].nbytes
    for trace in range(3, 9):
        store.append(_batch(trace, 2), 5)
    whole = _held(store)
    assert whole == list(range(1, whole[-1] + 1))
    assert whole[-1] < 7
    store.traces_since(2, 1)
    store.append(_batch(9, 2), 5)
    assert _held(store)[0] > 1
    assert _held(store)[-1] == 8
    held = store._recent.now().appends
    assert sum(append.nbytes for append in held) <= store._recent._most_bytes


def test_a_trace_of_an_append_that_was_passed_over_comes_from_the_file(store: DuckDBStore) -> None:
    store.append(_batch(1, 2), 5)
    store._recent._most_bytes = store._recent.now().appends[0].nbytes
    store.append(make_batch([span(1, 7)]), 5)
    assert _held(store) == [1]
    assert store.analysis_input(traces(1)).spans["span_id"].to_pylist() == [1, 7]


def test_traces_that_share_the_lower_half_of_their_ids_are_told_apart(store: DuckDBStore) -> None:
    """What is where is known by lower halves alone, and senders choose ids."""
    wanted = make_table(TRACE_IDS, [{"trace_hi": hi, "trace_lo": 1} for hi in (1, 2, 3)])

    def highs() -> list[Any]:
        return store.analysis_input(wanted).spans["trace_hi"].to_pylist()

    store.append(_batch(1, 2), 5)
    store.append(make_batch([{**span(1, 7), "trace_hi": 2}]), 5)
    assert highs() == [1, 2]
    assert trace_numbers(store.traces_since(0, 10)[0]) == [1]
    store._recent._most_bytes = 0
    store.append(make_batch([{**span(1, 8), "trace_hi": 3}]), 5)
    assert highs() == [1, 2, 3]


def test_while_an_append_is_stored_the_traces_it_adds_to_come_from_the_file(
    store: DuckDBStore,
) -> None:
    store.append(_batch(1, 2), 5)
    commit, seen = store._commit, []

    def commit_and_read(rows: Any) -> None:
        commit(rows)
        seen.append(store.analysis_input(traces(1)).spans["span_id"].to_pylist())

    with patch.object(store, "_commit", commit_and_read):
        store.append(make_batch([span(1, 7)]), 5)
    assert seen == [[1, 7]]


def test_a_trace_that_only_a_link_names_has_no_spans(store: DuckDBStore) -> None:
    store.append(_batch(1, 2), 5)
    batch = store.analysis_input(traces(2))
    assert [getattr(batch, name).num_rows for name in SpanBatch.__slots__] == [0] * 9


def test_of_an_append_that_failed_halfway_the_file_is_asked(store: DuckDBStore) -> None:
    store.append(_batch(1, 2), 5)
    with (
        patch("storage.duckdb_write.ROW_GROUP", 2),
        _failing_after(store, 1),
        pytest.raises(StoreError),
    ):
        store.append(make_batch([span(trace, trace) for trace in (3, 4, 5)]), 5)
    assert store.generations()[0] == 2
    assert store.traces_since(0, 1_000)[1] == 2


def test_nothing_of_the_memory_that_batches_stand_in_is_held(store: DuckDBStore) -> None:
    """One batch after the other stands in it."""
    pytest.importorskip("tracestitch_decoder", reason="the other decoder has no such memory")
    before = _leases()  # of other tests
    builder = make_decoder().builder()
    for payload in read_requests("pipeline_dead_letters"):
        builder.append(payload)
    batch = builder.seal()
    store.append(batch, 5)
    assert len(store._recent.now().appends) == 1
    assert _leases() == before + 1
    del batch
    assert _leases() == before


def _leases() -> int:
    gc.collect()
    return sum(isinstance(each, Lease) for each in gc.get_objects())


@pytest.mark.parametrize(("most_merged", "expected"), [(0, [2]), (_ALL, [])])
def test_what_is_deleted_is_held_no_more(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch, most_merged: int, expected: list[int]
) -> None:
    """Nor what was merged with it."""
    monkeypatch.setattr("storage.duckdb_recent._MOST_MERGED_BYTES", most_merged)
    for trace in (1, 3):
        store.append(_batch(trace, trace + 1), 5)
    store.delete_until(1, traces(1))
    assert _held(store) == expected


def test_nothing_is_held_where_nobody_analyses(tmp_path: Path) -> None:
    store = DuckDBStore(str(tmp_path))
    store.append(_batch(1, 2), 5)
    store.append(_batch(3, 4), 5)
    assert not _held(store)
    store.close()


def _held(store: DuckDBStore) -> list[int]:
    """Generations."""
    return [number for append in store._recent.now().appends for number in append.spans]
