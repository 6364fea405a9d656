"""Rows of the DuckDB engine name spans by numbers: what is told stays what was stored."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pytest

from storage import duckdb_schema, duckdb_trace_rows, duckdb_write, schema
from storage.contract import SpanStore, StoreError
from storage.duckdb_opening import BLOCK_BYTES, FILE_NAME
from storage.engines import open_store
from storage.schema import SpanBatch
from tests.contract.rows import link, make_batch, message, part, span, trace_numbers, traces
from tests.contract.stores import FORM_OF_VERSION_3, change_file

# Of one trace: a root, its child, one that is its own parent, one whose parent came in
# another append, one whose parent never came, and another content of the child's id.
FIRST = [
    span(1, 1, name="z"),
    span(1, 2, parent_span_id=1),
    span(1, 3, parent_span_id=3),
    span(1, 5, parent_span_id=99),
    span(1, 2, 7, parent_span_id=1, name="a"),
    span(2, 1, parent_span_id=2),
]
SECOND = [span(1, 4, parent_span_id=2), span(1, 6, parent_span_id=4), span(3, 1)]


def first_batch() -> SpanBatch:
    return make_batch(
        FIRST,
        links=[link(FIRST[1], 1), link(FIRST[1], 2, position=1), link(FIRST[4], 0)],
        events=[part(FIRST[4], name="e"), part(FIRST[0], name="f")],
        messaging=[message(FIRST[1], message_id="m"), message(FIRST[5], message_id="n")],
    )


def told(store: SpanStore, *numbers: int) -> dict[str, list[dict[str, Any]]]:
    found = store.spans_of(traces(*numbers))
    return {
        name: sorted(getattr(found, name).to_pylist(), key=repr) for name in schema.BATCH_SCHEMAS
    }


def parents(store: SpanStore) -> set[tuple[int, int, int | None]]:
    rows = store.spans_of(traces(1, 2, 3)).spans.to_pylist()
    return {(row["trace_lo"], row["span_id"], row["parent_span_id"]) for row in rows}


@pytest.fixture
def open_here(tmp_path: Path) -> Callable[[], Any]:
    return lambda: closing(open_store(f"duckdb:{tmp_path}"))


@pytest.fixture
def both(open_here: Callable[[], Any]) -> Iterator[tuple[SpanStore, SpanStore]]:
    """DuckDB, and what the reference engine tells of the same."""
    with open_here() as store, closing(open_store("memory:")) as reference:
        for engine in (store, reference):
            engine.append(first_batch(), 1)
            engine.append(make_batch(SECOND), 2)
        yield store, reference


def test_everything_of_a_span_is_told_as_it_came(both: tuple[SpanStore, SpanStore]) -> None:
    store, reference = both
    for numbers in ((1,), (2,), (3,), (1, 2, 3), ()):
        assert told(store, *numbers) == told(reference, *numbers)
    assert parents(store) >= {(1, 2, 1), (1, 3, 3), (1, 4, 2), (1, 5, 99), (2, 1, 2), (3, 1, None)}


def test_rows_of_many_runs_of_numbers_are_the_same(
    both: tuple[SpanStore, SpanStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, reference = both
    monkeypatch.setattr(duckdb_trace_rows, "_FEW_IDS", 0)
    assert told(store, 1, 2) == told(reference, 1, 2)


def test_a_parent_of_a_deleted_append_is_still_named(both: tuple[SpanStore, SpanStore]) -> None:
    for store in both:
        store.delete_until(1, traces(1, 2))
    assert parents(both[0]) == {(1, 4, 2), (1, 6, 4), (3, 1, None)}
    assert told(both[0], 1, 3) == told(both[1], 1, 3)


def test_numbers_go_on_after_a_restart(open_here: Callable[[], Any]) -> None:
    for batch in (first_batch(), make_batch(SECOND)):
        with open_here() as store:
            store.append(batch, 1)
    with open_here() as store, closing(open_store("memory:")) as reference:
        reference.append(first_batch(), 1)
        reference.append(make_batch(SECOND), 1)
        assert told(store, 1, 2, 3) == told(reference, 1, 2, 3)
        assert store.delete_until(1, traces(1, 2)).spans == len(FIRST)
        assert store.spans_of(traces(1)).messaging.num_rows == 0


def test_a_parent_across_the_cut_of_a_large_append_is_named(
    open_here: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_write, "ROW_GROUP", 4)
    with open_here() as store, closing(open_store("memory:")) as reference:
        assert store.append(first_batch(), 1).generation == 2
        reference.append(first_batch(), 1)
        assert told(store, 1, 2) == told(reference, 1, 2)
        before = parents(store)
        store.delete_until(1, traces(1, 2))
        assert parents(store) < before
        assert len(parents(store)) == 2


def test_spans_that_are_stored_again_keep_their_generations(
    both: tuple[SpanStore, SpanStore], tmp_path: Path
) -> None:
    store, reference = both
    with closing(open_store(f"duckdb:{tmp_path / 'again'}")) as again:
        again.restore(store.stored_spans(0, 100))
        assert parents(again) == parents(store)
        for name in ("links", "events"):
            assert told(again, 1, 2)[name] == told(reference, 1, 2)[name]
        again.delete_until(1, traces(1, 2))
        assert parents(again) == {(1, 4, 2), (1, 6, 4), (3, 1, None)}


def test_a_store_of_version_3_is_told_as_before(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    with open_here() as store:
        store.append(first_batch(), 1)
        store.append(make_batch(SECOND), 2)
        before = told(store, 1, 2, 3)
    change_file(tmp_path / FILE_NAME, *FORM_OF_VERSION_3)
    with open_here() as store:
        assert told(store, 1, 2, 3) == before
        assert trace_numbers(store.traces_since(0, 100)[0]) == [1, 2]
        assert store.append(first_batch(), 3).duplicates == len(FIRST)
        late = span(3, 2, parent_span_id=1)
        store.append(make_batch([late], messaging=[message(late, message_id="o")]), 3)
        assert store.spans_of(traces(3)).messaging["message_id"].to_pylist() == ["o"]
        store.delete_until(1, traces(1, 2))
        assert parents(store) == {(1, 4, 2), (1, 6, 4), (3, 1, None), (3, 2, 1)}


def test_a_store_of_version_3_on_a_full_disk_stays_as_it_was(
    open_here: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_here() as store:
        store.append(first_batch(), 1)
        before = told(store, 1, 2)
    change_file(tmp_path / FILE_NAME, *FORM_OF_VERSION_3)

    def full(*_: object) -> NoReturn:
        raise duckdb.IOException('Could not write file "x": No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr(duckdb_schema, "_steps", full)
        with pytest.raises(StoreError, match=r"disk of the store .* is full; .* unharmed"):
            open_here()
    with open_here() as store:
        assert told(store, 1, 2) == before


def test_an_empty_store_of_version_3_is_opened(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    with open_here():
        pass
    change_file(tmp_path / FILE_NAME, *FORM_OF_VERSION_3)
    with open_here() as store:
        assert store.append(first_batch(), 1).stored == len(FIRST)


def test_a_new_file_has_small_blocks(open_here: Callable[[], Any]) -> None:
    with open_here() as store:
        store.append(first_batch(), 1)
        assert store.reclaim()
        assert store.usage().used_bytes % BLOCK_BYTES == 0
        assert store.usage().used_bytes < 2**20
