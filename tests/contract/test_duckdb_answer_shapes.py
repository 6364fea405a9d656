"""What many answers agree in is kept once by the DuckDB engine, whatever happens to it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from storage import duckdb_answer_shapes, duckdb_deletion, schema
from storage.contract import DataRefused
from storage.duckdb_store import DuckDBStore
from storage.memory_frames import as_views, read
from tests.contract.rows import make_batch, make_table, owned, span, traces

NO_CONNECTIONS = schema.CONNECTIONS.empty_table()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    with closing(DuckDBStore(str(tmp_path))) as opened:
        yield opened


def _ends(*spans: tuple[int, str]) -> pa.Table:
    """Sends of trace and span n, called so."""
    rows = [owned(span(n, n), role="send", span_name=name) for n, name in spans]
    return make_table(schema.ENDPOINTS, rows)


def _replace(store: DuckDBStore, *spans: tuple[int, str]) -> None:
    store.replace_connections(traces(*(n for n, _ in spans)), _ends(*spans), NO_CONNECTIONS)


def _names(store: DuckDBStore, *asked: int) -> list[str]:
    rows = store.endpoints_of(traces(*asked)).to_pylist()
    return [row["span_name"] for row in sorted(rows, key=lambda row: row["span_id"])]


def _shapes(store: DuckDBStore) -> int:
    with store._database.read() as session:
        return int(session.select("SELECT count(*) FROM endpoint_shapes")[0][0].as_py())


def test_answers_that_agree_share_a_shape_also_after_a_restart(tmp_path: Path) -> None:
    for first in (1, 4):
        with closing(DuckDBStore(str(tmp_path))) as store:
            _replace(store, (first, "send"), (first + 1, "send"), (first + 2, "other"))
            assert _shapes(store) == 2
    with closing(DuckDBStore(str(tmp_path))) as store:
        assert _names(store, 1, 2, 3, 4, 5, 6) == ["send", "send", "other"] * 2


def test_answers_agree_whether_their_texts_lie_as_views_or_not(store: DuckDBStore) -> None:
    names = [(1, "a name that is longer than a view"), (2, "send"), (3, "send")]
    _replace(store, *names[:2])
    views = as_views(read(_ends(*names)), schema.ENDPOINTS)
    store.replace_connections(traces(1, 2, 3), views, NO_CONNECTIONS)
    assert (_shapes(store), _names(store, 1, 2, 3)) == (2, [name for _, name in names])


def test_some_shapes_of_an_answer_are_known_and_others_new(store: DuckDBStore) -> None:
    _replace(store, (1, "a"))
    _replace(store, (2, "b"), (3, "a"), (4, "c"), (5, "b"))
    _replace(store, (6, "c"), (7, "d"), (8, "a"))
    assert (_shapes(store), "".join(_names(store, *range(1, 9)))) == (4, "abacbcda")


def test_a_shape_of_a_transaction_that_failed_is_stored_by_the_next(store: DuckDBStore) -> None:
    broken = make_table(schema.CONNECTIONS, [{}]).set_column(
        0, pa.field("producer_trace_hi", pa.uint64()), pa.nulls(1, pa.uint64())
    )
    with pytest.raises(DataRefused):
        store.replace_connections(traces(1), _ends((1, "send")), broken)
    assert (_shapes(store), _names(store, 1)) == (0, [])
    _replace(store, (1, "send"))
    assert (_shapes(store), _names(store, 1)) == (1, ["send"])


def test_with_more_shapes_than_are_remembered_answers_stay_what_they_are(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_answer_shapes, "_MOST_KNOWN", 2)
    for n in range(1, 7):
        _replace(store, (n, f"send {n}"), (n + 10, "send"))
    assert _names(store, *range(1, 7)) == [f"send {n}" for n in range(1, 7)]
    assert _names(store, *range(11, 17)) == ["send"] * 6


def test_forgotten_answers_take_their_shapes_along(store: DuckDBStore) -> None:
    _replace(store, (1, "send"))
    store.forget_answers("rules")
    assert _shapes(store) == 0
    _replace(store, (1, "send"))
    assert (_shapes(store), _names(store, 1)) == (1, ["send"])


def test_retention_sweeps_shapes_that_nothing_has_any_more(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_sweep_above", 0)
    monkeypatch.setattr(duckdb_deletion, "_WORTH_SWEEPING", 0)
    for n in (1, 2):
        store.append(make_batch([span(n, n)]), n)
    _replace(store, (1, "old"), (2, "new"))
    store.delete_until(1, traces(1))
    assert (_shapes(store), _names(store, 1, 2)) == (1, ["new"])
    _replace(store, (2, "old"), (3, "new"))
    assert (_shapes(store), _names(store, 2, 3)) == (2, ["old", "new"])


def test_a_checkpoint_does_not_try_how_to_store_what_is_known(store: DuckDBStore) -> None:
    """Span ids and times follow no order."""
    ends = [owned(span(n, n * 2**40 % 1_000_003), role="send") for n in range(1, 3_000)]
    store.replace_connections(
        traces(*range(1, 3_000)), make_table(schema.ENDPOINTS, ends), NO_CONNECTIONS
    )
    store.reclaim()
    with store._database.read() as session:
        text = "SELECT column_name, compression FROM pragma_storage_info('endpoint_rows')"
        found = session.select(f"{text} WHERE segment_type <> 'VALIDITY'").to_pylist()
    told = {row["column_name"]: row["compression"] for row in found}
    assert told["span_id"] == "Uncompressed"
    assert told["start_time_unix_nano"] == "BitPacking"
