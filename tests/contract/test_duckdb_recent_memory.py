"""What memory makes of an append that is stored: no failure, and no more than it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from storage.duckdb_store import DuckDBStore
from storage.held_append import HeldAppend
from storage.schema import SpanBatch
from storage.trace_sets import stack_traces
from tests.contract.rows import correlated, link, make_batch, resource, scope, span, traces


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    """Whose analysis has looked for what is new."""
    opened = DuckDBStore(str(tmp_path))
    opened.traces_since(0, 1)
    yield opened
    opened.close()


def _batch(trace: int, other: int) -> SpanBatch:
    """A span with a link to another trace."""
    one = span(trace, trace)
    return make_batch([one], links=[link(one, other)])


def _held(store: DuckDBStore) -> list[int]:
    """Generations."""
    return [number for append in store._recent.now().appends for number in append.spans]


@pytest.mark.parametrize(
    "failing",
    ["duckdb_recent.hold", "duckdb_recent._merged", "duckdb_places.RowPlaces.learn_written"],
)
@pytest.mark.parametrize("error", [MemoryError, BaseException])
def test_what_is_stored_is_no_failure_whatever_memory_makes_of_it(
    store: DuckDBStore, failing: str, error: type[BaseException]
) -> None:
    """A panic of Polars is no Exception. The file tells of what is stored, and memory of what
    comes later."""
    store.append(_batch(1, 2), 5)
    with patch(f"storage.{failing}", side_effect=error("no room")):
        result = store.append(make_batch([span(1, 7), span(3, 8)]), 5)
    assert (result.generation, result.stored) == (2, 2)
    assert store.append(make_batch([span(1, 7)]), 5).duplicates == 1
    assert not _held(store)
    assert store.traces_since(0, 1_000)[1] == 2
    store.append(make_batch([span(3, 9), span(4, 4)]), 5)
    assert _held(store) == [3]
    assert store.analysis_input(traces(1, 3, 4)).spans["span_id"].to_pylist() == [1, 7, 8, 9, 4]


class _Full(dict[int, int]):
    """Takes nothing in any more."""

    def __ior__(self, other: object) -> "_Full":  # type: ignore[override, misc] # never returns
        raise MemoryError


def test_numbers_are_given_once_where_there_is_no_room_to_remember_them(
    store: DuckDBStore,
) -> None:
    for numbers in store._numbers.values():
        numbers._known = _Full()
    for n in (1, 2, 3):
        batch = make_batch(
            [span(n, 1, resource_id=n, scope_id=n)],
            resources=[resource(n, f"service-{n}")],
            scopes=[scope(n) | {"name": f"scope-{n}"}],
        )
        assert store.append(batch, 5).stored == 1
    stored = store.spans_of(traces(1, 2, 3))
    assert set(stored.spans["scope_id"].to_pylist()) == {1, 2, 3}
    assert set(stored.scopes["name"].to_pylist()) == {"scope-1", "scope-2", "scope-3"}
    assert stored.spans["resource_id"].to_pylist() == stored.spans["scope_id"].to_pylist()


def test_who_stops_the_process_is_not_held_up(store: DuckDBStore) -> None:
    with (
        patch("storage.duckdb_recent.hold", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        store.append(_batch(1, 2), 5)
    assert not _held(store)
    assert store.traces_since(0, 1_000)[1] == 1


def test_what_is_held_takes_no_more_than_it_says_with_all_that_is_made_of_it(
    store: DuckDBStore,
) -> None:
    """Where each row begins a trace, and where some have many."""
    for spread in (1, 50):
        spans = [span(1 + n // spread, n + 1) for n in range(1_000)]
        links = [link(each, 10_000 + n) for n, each in enumerate(spans)]
        values = [correlated(each, f"ORD-{n}") for n, each in enumerate(spans)]
        store.append(make_batch(spans, links=links, correlation=values), 5)
        held = store._recent.now().appends[-1]
        rows = sum(table.nbytes for table in held.rows.values())
        made = _bytes_made(held)
        assert made > 100 * 1_000 / spread
        assert rows + held.begun.nbytes + made <= held.nbytes
        store._recent.forget()


def _bytes_made(held: HeldAppend) -> int:
    """Of the arrays that come to be when everything is asked for."""
    before = {id(each) for each in _arrays(held)}
    wanted = held.telling
    for asked in (held.arrived(0, 1), held.bare_rows_of(wanted), held.most_carriers):
        assert asked is not None
    held.carriers_beside(held.keys_of(wanted), stack_traces([]).distinct)
    held.linked(wanted)
    return sum(each.nbytes for each in _arrays(held) if id(each) not in before)


def _arrays(held: HeldAppend) -> list[np.ndarray]:
    """What hangs on it but for its rows, each piece of memory once."""
    found: dict[int, np.ndarray] = {}
    left: list[Any] = [value for name, value in vars(held).items() if name != "rows"]
    while left:
        each = left.pop()
        if isinstance(each, np.ndarray):
            if each.base is None:
                found[id(each)] = each
            else:
                left.append(each.base)
        elif isinstance(each, list | tuple):
            left += each
        elif type(each).__module__ == "storage.trace_sets":
            left += vars(each).values()
    return list(found.values())
