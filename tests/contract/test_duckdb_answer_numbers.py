"""The numbers of answers, by which the DuckDB engine finds them: never used twice."""

from contextlib import closing
from pathlib import Path

import pytest

from storage import duckdb_places, schema
from storage.contract import SpanStore, StoreError
from storage.duckdb_store import DuckDBStore
from storage.engines import open_store
from storage.places import Places
from tests.contract.rows import make_batch, make_table, owned, span, trace_numbers, traces

NO_CONNECTIONS = schema.CONNECTIONS.empty_table()


def _answer(store: SpanStore, *ended: int, of: tuple[int, ...]) -> None:
    ends = make_table(schema.ENDPOINTS, [owned(span(n, n), role="send") for n in ended])
    store.replace_connections(traces(*of), ends, NO_CONNECTIONS)


def _ends(store: SpanStore, trace: int) -> int:
    return store.endpoints_of(traces(trace)).num_rows


def test_answers_are_found_though_the_newest_were_replaced_first_after_a_start(
    tmp_path: Path,
) -> None:
    url = f"duckdb:{tmp_path}"
    with closing(open_store(url)) as store:
        _answer(store, 1, of=(1,))
        _answer(store, 2, of=(2,))
    with closing(open_store(url)) as store:
        _answer(store, 3, of=(2, 3))
        _answer(store, 4, of=(4,))  # by now the answers before are known by their numbers
        assert [_ends(store, trace) for trace in (1, 2, 3, 4)] == [1, 0, 1, 1]
        _answer(store, 3, of=(3,))
        assert _ends(store, 3) == 1  # replaced, not told twice


def test_what_is_known_of_answers_given_again_and_again_stays_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_places, "_WORTH_RENEWING", 0)
    with closing(DuckDBStore(str(tmp_path))) as store:
        for _ in range(20):
            _answer(store, 1, 2, of=(1, 2))
            assert [_ends(store, trace) for trace in (1, 2)] == [1, 1]
        assert store._answer_places._places.count <= 6


def test_written_answers_are_found_by_all_their_traces_without_being_read_back(
    tmp_path: Path,
) -> None:
    connection = {"consumer_trace_hi": 1, "consumer_trace_lo": 1}
    connection |= {"producer_trace_hi": 1, "producer_trace_lo": 2}
    connections = make_table(schema.CONNECTIONS, [connection])
    orphans = make_table(schema.ORPHANS, [{"trace_hi": 1, "trace_lo": 3}])
    with closing(DuckDBStore(str(tmp_path))) as store:
        for _ in range(2):
            store.replace_connections(traces(1), schema.ENDPOINTS.empty_table(), connections)
            store.replace_orphans(traces(3), orphans, 1)
            assert store._answer_places.knows(store._answered)
            assert store.connections_of(traces(1), "consumer").num_rows == 1
            assert store.connections_of(traces(2), "producer").num_rows == 1
            assert store.orphans_of(traces(3)).num_rows == 1
        assert not store._answer_places.knows(store._answered + 1)


@pytest.mark.parametrize("error", [MemoryError, StoreError])
def test_what_is_stored_counts_though_there_is_no_memory_to_learn_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_: object) -> None:
        raise error

    with closing(DuckDBStore(str(tmp_path))) as store:
        _answer(store, 1, of=(1,))
        with monkeypatch.context() as patched:
            patched.setattr(Places, "add", refuse)
            _answer(store, 2, of=(2,))
            _judge(store, 2, of=(2,))
            assert store.append(make_batch([span(7, 7)]), 1).stored == 1
        assert not store._answer_places.knows(store._answered)
        assert [_ends(store, trace) for trace in (1, 2)] == [1, 1]
        _answer(store, of=(2,))
        assert [_ends(store, trace) for trace in (1, 2)] == [1, 0]
        assert store._answer_places.knows(store._answered)
        assert trace_numbers(store.spans_of(traces(7)).spans) == [7]


def _judge(store: SpanStore, *roots: int, of: tuple[int, ...]) -> None:
    rows = [{"trace_hi": 1, "trace_lo": n, "span_id": n} for n in roots]
    store.replace_orphans(traces(*of), make_table(schema.ORPHANS, rows), 1)


def _roots(store: SpanStore) -> list[int]:
    return trace_numbers(store.orphans_of(traces(1, 2, 3, 4)))


def test_orphans_are_replaced_whoever_was_answered_before(tmp_path: Path) -> None:
    with closing(open_store(f"duckdb:{tmp_path}")) as store:
        _answer(store, 1, 2, of=(1, 2))
        _judge(store, 1, 2, of=(1, 2))
        _judge(store, 2, of=(1, 2))  # though they were new when they were answered
        assert _roots(store) == [2]
        _answer(store, 3, of=(2, 3))
        _judge(store, 3, of=(2, 3))
        assert _roots(store) == [3]
        _answer(store, 4, of=(4,))
        _judge(store, 3, 4, of=(3, 4))  # others than were answered last
        assert _roots(store) == [3, 4]
        _judge(store, of=(4,))
        assert _roots(store) == [3]


def test_each_of_many_roots_is_told_with_the_time_it_was_first_stored(tmp_path: Path) -> None:
    numbers = range(1, 602)
    with closing(open_store(f"duckdb:{tmp_path}")) as store:
        for at, content in ((500, 0), (400, 1)):  # the clock was put back
            store.append(make_batch([span(n, n, content) for n in numbers if n % 2]), at)
        store.append(make_batch([span(n, n) for n in numbers if n % 2 == 0]), 300)
        _judge(store, *numbers, 700, of=(*numbers, 700))
        found = store.orphans_of(traces(*numbers, 700))
    told = {row["trace_lo"]: row["stored_at_unix_nano"] for row in found.to_pylist()}
    assert told == {n: 500 if n % 2 else 300 for n in numbers} | {700: 0}
