"""The numbers of answers, by which the DuckDB engine finds them: never used twice."""

from contextlib import closing
from pathlib import Path

import pytest

from storage import duckdb_places, schema
from storage.contract import SpanStore
from storage.duckdb_store import DuckDBStore
from storage.engines import open_store
from tests.contract.rows import make_table, owned, span, traces

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
