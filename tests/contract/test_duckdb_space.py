"""What is deleted from a DuckDB file makes room for what comes."""

import secrets
import threading
from pathlib import Path

import pytest

from storage.contract import SpanStore
from storage.duckdb_opening import FILE_NAME
from storage.engines import open_store
from storage.schema import SpanBatch
from tests.contract.rows import make_batch, resource, span, traces
from tests.waiting import join

APPENDS, KEPT = 30, 6


def batch_of(trace: int) -> SpanBatch:
    """About a megabyte that cannot be compressed."""
    texts = [f'{{"x":"{secrets.token_hex(500)}"}}' for _ in range(1_000)]
    return make_batch([span(trace, n, attributes=text) for n, text in enumerate(texts)])


def delete_all_but_newest(store: SpanStore, generations: int) -> None:
    oldest = store.oldest_generations(1_000_000)["generation"]
    if len(oldest) > generations:
        store.delete_until(oldest[-1 - generations].as_py(), traces())
        assert store.reclaim()


def test_a_file_stops_growing_when_as_much_is_deleted_as_comes(tmp_path: Path) -> None:
    store = open_store(f"duckdb:{tmp_path}")
    files, used = [], []
    for trace in range(1, APPENDS + 1):
        store.append(batch_of(trace), trace)
        assert store.reclaim()
        delete_all_but_newest(store, KEPT)
        files.append(store.usage().file_bytes)
        used.append(store.usage().used_bytes)
    assert max(files[APPENDS // 2 :]) <= max(files[: APPENDS // 2])
    assert max(files) < 3 * used[KEPT]
    assert used[-1] <= max(used[: KEPT + 3])
    assert store.status().spans == KEPT * 1_000
    store.close()
    again = open_store(f"duckdb:{tmp_path}")
    assert again.status().spans == KEPT * 1_000
    assert again.append(batch_of(99), 99).generation == APPENDS + 1
    again.close()


def test_the_end_of_the_file_is_given_back(tmp_path: Path) -> None:
    store = open_store(f"duckdb:{tmp_path}")
    for trace in range(1, 13):
        store.append(batch_of(trace), trace)
    store.reclaim()
    whole = store.usage()
    assert (whole.file_bytes, whole.log_bytes) == ((tmp_path / FILE_NAME).stat().st_size, 0)
    delete_all_but_newest(store, 0)
    assert store.usage().file_bytes < whole.file_bytes / 4
    assert store.usage().used_bytes < whole.used_bytes / 4
    store.close()


def test_space_is_not_free_while_a_read_from_before_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.duckdb_database._PATIENCE_SECONDS", 0.05)
    store = open_store(f"duckdb:{tmp_path}")
    store.append(batch_of(1), 1)
    with store._database.read() as session:  # type: ignore[attr-defined] # a read held open
        assert session.select("SELECT count(*) FROM spans")[0][0].as_py() == 1_000
        deleted = threading.Thread(target=store.delete_until, args=(1, traces()))
        deleted.start()
        join(deleted)  # the reader does not hold it up
        assert not store.reclaim()
        assert session.select("SELECT count(*) FROM spans")[0][0].as_py() == 1_000
    assert store.status().spans == 0
    assert store.reclaim()
    store.close()


def test_what_nothing_names_any_more_is_swept_when_it_is_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender that makes up a resource for every span must not fill the disk; the numbers
    that stand for resources are given anew only then."""
    monkeypatch.setattr("storage.duckdb_deletion._WORTH_SWEEPING", 20)
    store = open_store(f"duckdb:{tmp_path}")
    for trace in range(1, 41):
        resources = [resource(trace, f"made-up-{trace}"), resource(900, "steady")]
        rows = [span(trace, 1, resource_id=trace), span(trace, 2, resource_id=900)]
        store.append(make_batch(rows, resources=resources), trace)
        if trace > 2:
            store.delete_until(trace - 2, traces())
            for kept in (trace - 1, trace):
                found = store.spans_of(traces(kept))
                assert found.spans["resource_id"].to_pylist() == [kept, 900]
                assert found.resources.num_rows == 2
    assert len(store.services()) <= 25
    store.close()


def test_ids_of_deleted_spans_do_not_fill_the_filter_of_duplicates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.seen._SMALLEST", 64)
    monkeypatch.setattr("storage.seen._LARGEST", 64)
    store = open_store(f"duckdb:{tmp_path}")
    duplicates = store._duplicates  # type: ignore[attr-defined] # how full it is cannot be asked
    for trace in range(1, 30):
        store.append(make_batch([span(trace, n) for n in range(20)]), trace)
        delete_all_but_newest(store, 1)
    assert duplicates._seen.count <= 100
    assert store.append(make_batch([span(29, n) for n in range(20)]), 99).duplicates == 20
    store.close()
