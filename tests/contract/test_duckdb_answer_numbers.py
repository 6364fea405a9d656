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
